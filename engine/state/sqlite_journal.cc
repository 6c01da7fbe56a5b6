#include "engine/state/sqlite_journal.h"

#include <filesystem>

#include "engine/state/check_table.h"
#include "engine/state/cursor_table.h"
#include "engine/state/file_coverage.h"
#include "engine/state/fingerprint_table.h"
#include "engine/state/instance_lease.h"
#include "engine/state/journal_database.h"
#include "engine/state/reject_table.h"
#include "engine/state/repair.h"
#include "engine/state/run_table.h"
#include "engine/state/schema.h"

namespace flowrun {
namespace {

constexpr std::string_view kScheme = "sqlite:";

/// Joins the tables behind one lock. Each public call is one step under that lock.
class SqliteJournal final : public Journal {
 public:
  SqliteJournal(const std::string& path, sqlite::OpenMode mode, const JournalOptions& options);
  ~SqliteJournal() override;

  std::unique_ptr<Lease> acquire(const std::string& pipeline, const std::string& instance) override;
  void repair(Lease& lease, const std::vector<TargetCoverage>& targets) override;
  std::string start_run(const RunStart& start, const Lease& lease) override;
  void end_run(const std::string& run, RunState state, const std::string& reason,
               const std::string& totals, const std::vector<NodeCounts>& nodes) override;
  void put_unit(const std::string& run, const UnitRecord& unit) override;
  void flush() override;
  std::int64_t reject_cap() const override { return rejects_.cap(); }
  void put_rejects(const std::string& run, const Unit& unit,
                   const std::vector<StoredReject>& rejects, std::int64_t total) override;
  void put_checks(const std::string& run, const Unit& unit,
                  const std::vector<StoredCheck>& checks) override;
  std::map<std::string, CursorState> cursors(const std::string& pipeline,
                                             const std::string& instance) override;
  void put_cursors(const std::string& pipeline, const std::string& instance,
                   const std::map<std::string, CursorState>& states) override;
  std::map<std::string, std::string> frozen(const std::string& pipeline) override;
  void freeze(const std::string& pipeline,
              const std::map<std::string, std::string>& values) override;
  FileFingerprints& fingerprints() override { return fingerprints_; }
  CoverageStore& coverage() override { return coverage_; }
  std::vector<RunRecord> runs(const RunFilter& filter) override;
  std::optional<RunRecord> find_run(const std::string& id) override;
  std::vector<UnitRecord> units(const std::string& run) override;
  std::vector<NodeCounts> nodes(const std::string& run) override;
  std::vector<StoredCheck> checks(const std::string& run) override;
  StoredRejects rejects(const std::string& run, std::int64_t limit) override;

 private:
  void flush_locked();
  void write_pending();
  void pending_written();

  JournalDatabase database_;
  RunTable runs_;
  RejectTable rejects_;
  CheckTable checks_;
  CursorTable cursors_;
  FileCoverage coverage_;
  FingerprintTable known_files_;
  CachedFingerprints fingerprints_;
};

SqliteJournal::SqliteJournal(const std::string& path, sqlite::OpenMode mode,
                             const JournalOptions& options)
    : database_(path, mode, options),
      runs_(database_),
      rejects_(database_, options.reject_cap),
      checks_(database_),
      cursors_(database_),
      coverage_(database_),
      known_files_(database_),
      fingerprints_(known_files_) {
  // A write-ahead log makes a commit one append without fsync; what must survive a power cut asks
  // for its own.
  if (database_.connection.text("pragma journal_mode") != "wal") {
    database_.connection.execute("pragma journal_mode = wal");
  }
  database_.connection.execute("pragma synchronous = normal");
  database_.connection.keep_log_on_close();
  migrate_journal(database_.connection);
}

SqliteJournal::~SqliteJournal() {
  try {
    flush();
  } catch (const Error&) {
    // Nothing that was promised: end_run() flushes, and coverage and rejects are written at once.
  }
}

void SqliteJournal::write_pending() {
  runs_.write_pending();
  known_files_.write_pending();
}

void SqliteJournal::pending_written() {
  runs_.pending_written();
  known_files_.pending_written();
}

void SqliteJournal::flush_locked() {
  if (!runs_.has_pending() && !known_files_.has_pending()) return;
  sqlite::Transaction transaction(database_.connection);
  write_pending();
  transaction.commit();
  pending_written();
}

void SqliteJournal::flush() {
  const std::lock_guard guard(database_.mutex);
  flush_locked();
}

std::unique_ptr<Lease> SqliteJournal::acquire(const std::string& pipeline,
                                              const std::string& instance) {
  const std::lock_guard guard(database_.mutex);
  return InstanceLease::acquire(database_, pipeline, instance);
}

void SqliteJournal::repair(Lease& lease, const std::vector<TargetCoverage>& targets) {
  auto* mine = dynamic_cast<InstanceLease*>(&lease);
  if (mine == nullptr) bug("the lease is of another journal");
  const std::lock_guard guard(database_.mutex);
  repair_journal(database_, *mine, targets);
}

std::string SqliteJournal::start_run(const RunStart& start, const Lease& lease) {
  const std::lock_guard guard(database_.mutex);
  sqlite::Transaction transaction(database_.connection);
  write_pending();
  auto id = runs_.start(start, lease.epoch());
  transaction.commit();
  pending_written();
  return id;
}

void SqliteJournal::end_run(const std::string& run, RunState state, const std::string& reason,
                            const std::string& totals, const std::vector<NodeCounts>& nodes) {
  const std::lock_guard guard(database_.mutex);
  sqlite::Transaction transaction(database_.connection);
  write_pending();
  runs_.end(run, state, reason, totals, nodes);
  transaction.commit();
  pending_written();
}

void SqliteJournal::put_unit(const std::string& run, const UnitRecord& unit) {
  const std::lock_guard guard(database_.mutex);
  runs_.put_unit(run, unit);
  if (runs_.is_due()) flush_locked();
}

void SqliteJournal::put_rejects(const std::string& run, const Unit& unit,
                                const std::vector<StoredReject>& rejects, std::int64_t total) {
  const std::lock_guard guard(database_.mutex);
  rejects_.put(run, runs_.owner(run), unit, rejects, total);
}

void SqliteJournal::put_checks(const std::string& run, const Unit& unit,
                               const std::vector<StoredCheck>& checks) {
  const std::lock_guard guard(database_.mutex);
  checks_.put(run, unit, checks);
}

std::map<std::string, CursorState> SqliteJournal::cursors(const std::string& pipeline,
                                                          const std::string& instance) {
  const std::lock_guard guard(database_.mutex);
  return cursors_.load({pipeline, instance});
}

void SqliteJournal::put_cursors(const std::string& pipeline, const std::string& instance,
                                const std::map<std::string, CursorState>& states) {
  if (states.empty()) return;
  const std::lock_guard guard(database_.mutex);
  cursors_.put({pipeline, instance}, states);
}

std::map<std::string, std::string> SqliteJournal::frozen(const std::string& pipeline) {
  const std::lock_guard guard(database_.mutex);
  auto rows = database_.connection.prepare("select name, value from frozen where pipeline = ?");
  rows.bind(pipeline);
  std::map<std::string, std::string> values;
  while (rows.step()) values.emplace(rows.text(0), rows.text(1));
  return values;
}

void SqliteJournal::freeze(const std::string& pipeline,
                           const std::map<std::string, std::string>& values) {
  if (values.empty()) return;
  const std::lock_guard guard(database_.mutex);
  DurableTransaction transaction(database_.connection);
  auto put = database_.connection.prepare(
      "insert or replace into frozen (pipeline, name, value) values (?, ?, ?)");
  for (const auto& [name, value] : values) put.bind(pipeline, name, value).run();
  transaction.commit();
}

std::vector<RunRecord> SqliteJournal::runs(const RunFilter& filter) {
  const std::lock_guard guard(database_.mutex);
  return runs_.list(filter);
}

std::optional<RunRecord> SqliteJournal::find_run(const std::string& id) {
  const std::lock_guard guard(database_.mutex);
  return runs_.find(id);
}

std::vector<UnitRecord> SqliteJournal::units(const std::string& run) {
  const std::lock_guard guard(database_.mutex);
  flush_locked();
  return runs_.units(run);
}

std::vector<NodeCounts> SqliteJournal::nodes(const std::string& run) {
  const std::lock_guard guard(database_.mutex);
  return runs_.nodes(run);
}

std::vector<StoredCheck> SqliteJournal::checks(const std::string& run) {
  const std::lock_guard guard(database_.mutex);
  return checks_.list(run);
}

StoredRejects SqliteJournal::rejects(const std::string& run, std::int64_t limit) {
  const std::lock_guard guard(database_.mutex);
  return rejects_.list(run, limit);
}

}  // namespace

std::unique_ptr<Journal> open_sqlite_journal(const std::string& url, JournalAccess access,
                                             const JournalOptions& options) {
  if (!url.starts_with(kScheme) || url.size() == kScheme.size()) {
    throw Error(Errc::plan, "the journal's url must look like sqlite:/path/to/state.db");
  }
  const auto path = url.substr(kScheme.size());
  if (access == JournalAccess::existing) {
    if (size_of_file(path) <= 0) return nullptr;
    return std::make_unique<SqliteJournal>(path, sqlite::OpenMode::existing, options);
  }
  std::error_code failed;
  std::filesystem::create_directories(folder_of(path), failed);
  if (failed) {
    throw Error(Errc::io,
                "{}: cannot make the journal's folder; name another place in [state] url: {}",
                folder_of(path), failed.message());
  }
  return std::make_unique<SqliteJournal>(path, sqlite::OpenMode::create, options);
}

}  // namespace flowrun
