#include "nodes/postgres/journal/lease.h"

#include <algorithm>

#include "engine/state/journal_words.h"
#include "nodes/postgres/journal/backoff.h"
#include "nodes/postgres/journal/lease_take.h"
#include "nodes/postgres/journal/values.h"

namespace flowrun::postgres {
namespace {

/// SQLSTATE lock_not_available, as said by this file: the lock may be free a moment later.
constexpr const char* kLockHeld = "55P03";
constexpr int kHasSessionTimeout = 14;

// The server finds out within half a minute that this machine is gone, and never ends the session
// for being idle. Nobody holds the lease's row for longer than kSettings of journal_server.cc says.
constexpr const char* kSettings =
    "set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3; "
    "set lock_timeout = '30s'; set idle_in_transaction_session_timeout = '20s'";

}  // namespace

PostgresLease::PostgresLease(JournalServer& server, const std::string& pipeline,
                             const std::string& instance)
    : Lease(pipeline, instance), server_(&server) {}

std::unique_ptr<PostgresLease> PostgresLease::acquire(JournalServer& server,
                                                      const std::string& pipeline,
                                                      const std::string& instance) {
  std::unique_ptr<PostgresLease> lease(new PostgresLease(server, pipeline, instance));
  lease->take();
  server.hold({pipeline, instance}, lease->epoch());
  lease->heartbeat_ =
      std::jthread([raw = lease.get()](const std::stop_token& stop) { raw->keep_beating(stop); });
  return lease;
}

void PostgresLease::take() {
  const std::lock_guard guard(mutex_);
  Backoff backoff(server_->options().patience);
  while (epoch_ == 0) {
    try {
      connect();
      auto taken = take_lease(*server_, *session_, {pipeline(), instance()});
      epoch_ = mine_ = taken.epoch;
      lock_number_ = taken.lock_number;
      // Those of an attempt whose answer was lost are not found a second time.
      crashed_.insert(crashed_.end(), taken.crashed.begin(), taken.crashed.end());
    } catch (const ServerError& error) {
      if (!error.is_transient()) explain_missing_right(error, session_.get());
      session_.reset();
      if (!error.is_transient() || !backoff.wait()) throw;
    }
  }
}

void PostgresLease::connect() const {
  auto address = server_->address();
  address.application = "flowrun lease " + pipeline();
  session_ = std::make_unique<Connection>(address);
  session_->execute_all(kSettings);
  if (session_->version() >= kHasSessionTimeout) {
    session_->execute_all("set idle_session_timeout = 0");
  }
}

void PostgresLease::resume() const {
  connect();
  if (!try_lock(*session_, {pipeline(), instance()}, lock_number_)) {
    check_epoch();
    // The server may not have noticed yet that the former session is gone.
    throw ServerError(server_->shown(),
                      {.sqlstate = kLockHeld, .text = "another session holds the lease's lock"},
                      false);
  }
  check_epoch();
  if (server_->options().log != nullptr) {
    server_->options().log->warning(
        "{}: the session that held the lease was lost; nobody took it meanwhile, and it is held "
        "again",
        shown_instance(pipeline(), instance()));
  }
}

void PostgresLease::confirmed(const JournalServer::Act& act) const {
  if (!lost_.empty()) throw Error(Errc::lease, "{}", lost_);
  Backoff backoff(server_->options().patience);
  while (true) {
    try {
      if (!session_) resume();
      return act(*session_);
    } catch (const ServerError& error) {
      if (!error.is_transient()) throw;
      session_.reset();
      if (backoff.wait()) continue;
      if (error.sqlstate() != kLockHeld) throw;
      lose("its session was lost, and another one holds its lock");
    }
  }
}

void PostgresLease::check_epoch() const {
  const auto row = session_->execute(
      "select epoch from flowrun_journal.leases where pipeline = $1 and instance = $2",
      {text(pipeline()), text(instance())});
  const auto newest = row.rows() == 0 ? 0 : row.int64(0, 0);
  if (newest != mine_) {
    lose(fmt::format("a newer run has taken over (epoch {} after {})", newest, mine_));
  }
}

void PostgresLease::lose(const std::string& why) const {
  session_.reset();
  lost_ = shown_instance(pipeline(), instance()) + ": the lease was lost: " + why;
  throw Error(Errc::lease, "{}", lost_);
}

void PostgresLease::check() const {
  const std::lock_guard guard(mutex_);
  confirmed([this](Connection&) { check_epoch(); });
}

void PostgresLease::raise_epoch(std::int64_t epoch) {
  const std::lock_guard guard(mutex_);
  confirmed([&](Connection& session) {
    const auto done = session.execute(
        "update flowrun_journal.leases set epoch = $3::bigint where pipeline = $1 and instance = "
        "$2 and epoch in ($3::bigint, $4::bigint)",
        {text(pipeline()), text(instance()), number(epoch), number(mine_)});
    if (done.touched() == 0) check_epoch();
  });
  epoch_ = mine_ = epoch;
  server_->hold({pipeline(), instance()}, epoch);
}

void PostgresLease::beat() const {
  const Parameters own{text(pipeline()), text(instance()), number(mine_)};
  const auto done = session_->execute(
      "update flowrun_journal.leases set heartbeat = clock_timestamp(), backend = pg_backend_pid() "
      "where pipeline = $1 and instance = $2 and epoch = $3::bigint",
      own);
  if (done.touched() == 0) return check_epoch();
  session_->execute(
      "update flowrun_journal.runs set heartbeat = clock_timestamp() where pipeline = $1 and "
      "instance = $2 and epoch = $3::bigint and state = 'running'",
      own);
}

void PostgresLease::keep_beating(const std::stop_token& stop) {
  const auto pause = std::chrono::microseconds(server_->options().heartbeat);
  std::unique_lock lock(mutex_);
  while (lost_.empty()) {
    wake_.wait_for(lock, stop, pause, [] { return false; });
    if (stop.stop_requested()) return;
    try {
      if (!session_ && lost_.empty()) resume();
      if (session_) beat();
    } catch (const ServerError&) {
      // The server is away: the next beat tries again, and check() says so to whoever commits.
      session_.reset();
    } catch (const Error&) {
      return;  // the lease is lost, which lost_ says to check()
    }
  }
}

PostgresLease::~PostgresLease() {
  if (heartbeat_.joinable()) {
    heartbeat_.request_stop();
    heartbeat_.join();
  }
  const std::lock_guard guard(mutex_);
  if (mine_ == 0) return;  // it was never taken
  server_->release({pipeline(), instance()});
  if (!session_) return;
  try {
    session_->execute(
        "update flowrun_journal.leases set pid = null, host = null, backend = null, since = null, "
        "heartbeat = null where pipeline = $1 and instance = $2 and epoch = $3::bigint",
        {text(pipeline()), text(instance()), number(mine_)});
    session_->execute("select pg_advisory_unlock_all()");
  } catch (const Error&) {
    // The row is for people; what counts is the lock, and that goes with the session.
  }
}

}  // namespace flowrun::postgres
