#include "nodes/sqlite/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace flowrun::nodes {
namespace {

constexpr std::string_view kScheme = "sqlite:";

/// Pages kept in memory, in KiB: what a window of a wide table dirties should not have to leave the
/// cache twice.
constexpr const char* kCache = "pragma cache_size = -32768";

std::shared_ptr<void> make_target(const std::string& name) {
  return std::make_shared<SqliteTarget>(name.substr(kScheme.size()));
}

std::string name_of(const Unit& unit) {
  return fmt::format("{} {} {} {} {}", unit.run, unit.attempt, to_string(unit.kind),
                     unit.interval.from, unit.id);
}

}  // namespace

std::shared_ptr<SqliteTarget> SqliteTarget::shared(SharedObjects& objects,
                                                   const std::string& path) {
  return std::static_pointer_cast<SqliteTarget>(
      objects.get(std::string(kScheme) + path, &make_target));
}

void SqliteTarget::raise_busy_timeout(Micros timeout) {
  busy_timeout_ = std::max(busy_timeout_, timeout);
  if (connection_) connection_->set_busy_timeout(busy_timeout_);
}

bool SqliteTarget::open_existing() {
  if (connection_) return true;
  if (size_of_file(path_) <= 0) return false;
  connect(sqlite::OpenMode::existing);
  return true;
}

void SqliteTarget::open_or_create() {
  if (open_existing()) return;
  std::error_code failed;
  std::filesystem::create_directories(folder_of(path_), failed);
  if (failed)
    throw Error(Errc::io, "{}: cannot make the folder: {}", folder_of(path_), failed.message());
  connect(sqlite::OpenMode::create);
  // A commit is then one append and one sync, four times as fast for small units as a rollback
  // journal, and readers never wait. The last connection that closes folds the log into the file.
  connection_->execute("pragma journal_mode = wal");
}

void SqliteTarget::connect(sqlite::OpenMode mode) {
  connection_ = std::make_unique<sqlite::Connection>(path_, mode, busy_timeout_);
  connection_->execute(kCache);
  // Some distributions build SQLite to overwrite what is deleted; nobody asked for that here.
  connection_->execute("pragma secure_delete = off");
  coverage_ = std::make_unique<CoverageTable>(*connection_);
}

std::unique_lock<std::mutex> SqliteTarget::join(const Unit& unit, const void* who) {
  auto guard = lock();
  const auto name = name_of(unit);
  const auto patience = std::chrono::microseconds(busy_timeout_);
  if (!free_.wait_for(guard, patience, [&] { return owner_.empty() || owner_ == name; })) {
    throw Error(Errc::io,
                "{}: another unit of this run has had the file for longer than busy_timeout ({})",
                path_, format_duration(busy_timeout_));
  }
  if (!agreed_.empty()) bug("a sink of {} prepares after another one committed", unit.shown());
  if (owner_.empty()) {
    connection_->execute("begin immediate");
    owner_ = name;
  }
  joined_.insert(who);
  return guard;
}

void SqliteTarget::commit(const Unit& unit, const void* who) {
  const auto guard = lock();
  if (owner_ != name_of(unit) || !joined_.contains(who)) {
    throw Error(Errc::io, "{}: the transaction of {} was rolled back, as another sink of it failed",
                path_, unit.shown());
  }
  agreed_.insert(who);
  if (agreed_ == joined_) commit_now();
}

void SqliteTarget::commit_now() {
  try {
    connection_->execute("commit");
  } catch (const Error&) {
    // Either it is still open (a reader held the file) and can be taken back, or the answer is all
    // that was lost; the markers tell.
    sqlite::roll_back(*connection_);
    const bool done = !expected_.empty() &&
                      std::all_of(expected_.begin(), expected_.end(),
                                  [&](const auto& e) { return coverage_->has(e.first, e.second); });
    end_transaction(done);
    if (!done) throw;
    return;
  }
  end_transaction(true);
}

void SqliteTarget::abort(const Unit& unit, const void* who) noexcept {
  const auto guard = lock();
  if (owner_ != name_of(unit) || !joined_.contains(who)) return;
  sqlite::roll_back(*connection_);
  end_transaction(false);
}

void SqliteTarget::end_transaction(bool committed) {
  if (!committed) coverage_->forget();
  owner_.clear();
  joined_.clear();
  agreed_.clear();
  expected_.clear();
  free_.notify_all();
}

}  // namespace flowrun::nodes
