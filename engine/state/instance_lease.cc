#include "engine/state/instance_lease.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "engine/core/hash.h"
#include "engine/state/journal_words.h"
#include "engine/state/retention.h"

namespace flowrun {
namespace {

constexpr std::size_t kMaxShownName = 60;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

/// "locks/quickstart-HASH.lock" beside the journal: readable, and different for every pipeline and
/// instance.
std::string lock_path(const std::string& journal, const std::string& pipeline,
                      const std::string& instance) {
  auto name = pipeline.substr(0, kMaxShownName);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !is_plain(c); }, '_');
  std::string identity = pipeline;
  identity += '\0';
  identity += instance;
  return folder_of(journal) + "/locks/" + name + "-" + fingerprint(identity).substr(0, 16) +
         ".lock";
}

[[noreturn]] void throw_held(JournalDatabase& database, const std::string& pipeline,
                             const std::string& instance) {
  auto holder = database.connection.prepare(
      "select pid, host, since from leases where pipeline = ? and instance = ? and pid is not "
      "null");
  const auto what = shown_instance(pipeline, instance);
  // A holder that has not written its row yet leaves none, or that of a dead process.
  if (!holder.bind(pipeline, instance).step() || is_gone(holder.int64(0), holder.text(1))) {
    throw Error(Errc::lease, "{} is run by another process", what);
  }
  throw Error(Errc::lease, "{} is run by pid {} on {} since {}", what, holder.int64(0),
              holder.text(1), format_timestamptz(holder.int64(2)));
}

}  // namespace

std::unique_ptr<InstanceLease> InstanceLease::acquire(JournalDatabase& database,
                                                      const std::string& pipeline,
                                                      const std::string& instance) {
  const auto path = lock_path(database.connection.path(), pipeline, instance);
  std::error_code failed;
  std::filesystem::create_directory(folder_of(path), failed);
  auto lock = FileLock::try_lock(path);
  if (!lock) throw_held(database, pipeline, instance);
  std::unique_ptr<InstanceLease> lease(
      new InstanceLease(database, std::move(*lock), pipeline, instance));
  sqlite::Transaction transaction(database.connection);
  lease->mark_crashed();
  remove_old_runs(database, pipeline, instance);
  lease->take_epoch();
  transaction.commit();
  lease->taken_ = true;
  database.held_epochs[{pipeline, instance}] = lease->epoch();
  return lease;
}

void InstanceLease::take_epoch() {
  auto take = database_->connection.prepare(
      "insert into leases (pipeline, instance, epoch, pid, host, since) values (?, ?, 1, ?, ?, ?) "
      "on conflict (pipeline, instance) do update set epoch = epoch + 1, pid = excluded.pid, host "
      "= excluded.host, since = excluded.since returning epoch");
  take.bind(pipeline(), instance(), static_cast<std::int64_t>(::getpid()), host_name(),
            database_->clock->now());
  if (!take.step()) bug("taking a lease returned no epoch");
  epoch_ = take.int64(0);
  take.run();
}

void InstanceLease::mark_crashed() {
  auto unfinished = database_->connection.prepare(
      "select id from runs where pipeline = ? and instance = ? and state in ('planned', 'running') "
      "order by started, rowid");
  unfinished.bind(pipeline(), instance());
  while (unfinished.step()) crashed_.push_back(unfinished.text(0));
  auto mark = database_->connection.prepare(
      "update runs set state = 'crashed', reason = 'the process ended without a word', ended = ? "
      "where id = ?");
  for (const auto& run : crashed_) mark.bind(database_->clock->now(), run).run();
}

void InstanceLease::raise_epoch(std::int64_t epoch) {
  database_->connection.prepare("update leases set epoch = ? where pipeline = ? and instance = ?")
      .bind(epoch, pipeline(), instance())
      .run();
  epoch_ = epoch;
  database_->held_epochs[{pipeline(), instance()}] = epoch;
}

void InstanceLease::check() const {
  if (!lock_.holds()) {
    throw Error(Errc::lease,
                "{}: the lock file {} was removed while it was held; another run may have begun",
                shown_instance(pipeline(), instance()), lock_.path());
  }
}

InstanceLease::~InstanceLease() {
  if (!taken_) return;  // acquire() failed, and its caller holds the mutex
  try {
    release();
  } catch (const Error&) {
    // The row is for people; what counts is the lock, and that goes with this object.
  }
}

void InstanceLease::release() {
  const std::lock_guard guard(database_->mutex);
  database_->held_epochs.erase({pipeline(), instance()});
  database_->connection
      .prepare(
          "update leases set pid = null, host = null, since = null where pipeline = ? and instance "
          "= ?")
      .bind(pipeline(), instance())
      .run();
}

}  // namespace flowrun
