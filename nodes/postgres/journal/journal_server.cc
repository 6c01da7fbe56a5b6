#include "nodes/postgres/journal/journal_server.h"

#include "nodes/postgres/journal/backoff.h"
#include "nodes/postgres/journal/values.h"

namespace flowrun::postgres {
namespace {

constexpr std::string_view kMissingRight = "42501";

/// A process that freezes in the midst of a transaction must not keep others from the lease: then
/// the server ends its session.
constexpr const char* kSettings = "set idle_in_transaction_session_timeout = '20s'";

std::unique_ptr<Connection> connect(const Address& address) {
  auto connection = std::make_unique<Connection>(address);
  connection->execute(kSettings);
  return connection;
}

class TransactionGuard {
 public:
  TransactionGuard(Connection& connection, TransactionKind kind) : connection_(connection) {
    connection_.begin(kind);
  }
  ~TransactionGuard() { connection_.roll_back(); }
  TransactionGuard(const TransactionGuard&) = delete;
  TransactionGuard& operator=(const TransactionGuard&) = delete;

 private:
  Connection& connection_;
};

}  // namespace

JournalServer::JournalServer(Address address, const JournalOptions& options)
    : address_(std::move(address)),
      options_(options),
      clock_(options.clock == nullptr ? &system_clock_ : options.clock),
      shown_(shown_address(address_)),
      connection_(connect(address_)) {}

void JournalServer::perform(const Act& act) {
  const std::lock_guard guard(mutex_);
  Backoff backoff(options_.patience);
  while (true) {
    try {
      if (!connection_) connection_ = connect(address_);
      return act(*connection_);
    } catch (const ServerError& error) {
      recover(error, backoff);
    }
  }
}

void JournalServer::transact(const Act& act, TransactionKind kind) {
  perform([&](Connection& connection) {
    const TransactionGuard guard(connection, kind);
    act(connection);
    connection.commit();
  });
}

void JournalServer::recover(const ServerError& error, Backoff& backoff) {
  if (!error.is_transient()) {
    explain_missing_right(error, connection_.get());
    throw;
  }
  connection_.reset();
  if (!backoff.wait()) throw;
}

void JournalServer::hold(const Owner& owner, std::int64_t epoch) {
  const std::lock_guard guard(epochs_mutex_);
  held_epochs_[owner] = epoch;
}

void JournalServer::release(const Owner& owner) {
  const std::lock_guard guard(epochs_mutex_);
  held_epochs_.erase(owner);
}

std::int64_t JournalServer::held_epoch(const Owner& owner, std::int64_t otherwise) const {
  const std::lock_guard guard(epochs_mutex_);
  const auto held = held_epochs_.find(owner);
  return held == held_epochs_.end() ? otherwise : held->second;
}

std::int64_t newest_epoch(Connection& connection, const JournalServer::Owner& owner) {
  const auto row = connection.execute(
      "select epoch from flowrun_journal.leases where pipeline = $1 and instance = $2 for share",
      {text(owner.first), text(owner.second)});
  return row.rows() == 0 ? 0 : row.int64(0, 0);
}

void explain_missing_right(const ServerError& error, Connection* connection) {
  if (error.sqlstate() != kMissingRight) return;
  std::string user = "the user of [state] url";
  std::string database = "this database";
  if (connection != nullptr && connection->alive()) {
    const auto row =
        connection->execute("select quote_ident(current_user), quote_ident(current_database())");
    user = row.string(0, 0);
    database = row.string(0, 1);
  }
  throw Error(Errc::plan,
              "the journal needs a right that {} has not; to let it make its tables: grant create "
              "on database {} to {}; to use those that somebody else made: grant usage on schema "
              "flowrun_journal to {}; grant select, insert, update, delete on all tables in schema "
              "flowrun_journal to {}: {}",
              user, database, user, user, user, error.what());
}

}  // namespace flowrun::postgres
