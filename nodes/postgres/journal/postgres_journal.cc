#include "nodes/postgres/journal/postgres_journal.h"

#include "nodes/postgres/journal/check_rows.h"
#include "nodes/postgres/journal/coverage_rows.h"
#include "nodes/postgres/journal/cursor_rows.h"
#include "nodes/postgres/journal/fingerprint_rows.h"
#include "nodes/postgres/journal/lease.h"
#include "nodes/postgres/journal/reject_rows.h"
#include "nodes/postgres/journal/repair.h"
#include "nodes/postgres/journal/retention.h"
#include "nodes/postgres/journal/run_rows.h"
#include "nodes/postgres/journal/schema.h"
#include "nodes/postgres/journal/values.h"

namespace flowrun::postgres {
namespace {

/// Joins the tables.
class PostgresJournal final : public Journal {
 public:
  explicit PostgresJournal(std::unique_ptr<JournalServer> server)
      : server_(std::move(server)),
        runs_(*server_),
        rejects_(*server_),
        checks_(*server_),
        cursors_(*server_),
        coverage_(*server_),
        known_files_(*server_),
        fingerprints_(known_files_) {}
  ~PostgresJournal() override;

  std::unique_ptr<Lease> acquire(const std::string& pipeline, const std::string& instance) override;
  void repair(Lease& lease, const std::vector<TargetCoverage>& targets) override;
  std::string start_run(const RunStart& start, const Lease& lease) override;
  void end_run(const std::string& run, RunState state, const std::string& reason,
               const std::string& totals, const std::vector<NodeCounts>& nodes) override;
  void put_unit(const std::string& run, const UnitRecord& unit) override {
    runs_.put_unit(run, unit);
  }
  void flush() override;
  std::int64_t reject_cap() const override { return server_->options().reject_cap; }
  void put_rejects(const std::string& run, const Unit& unit,
                   const std::vector<StoredReject>& rejects, std::int64_t total) override {
    rejects_.put(run, runs_.owner(run), unit, rejects, total);
  }
  void put_checks(const std::string& run, const Unit& unit,
                  const std::vector<StoredCheck>& checks) override {
    checks_.put(run, unit, checks);
  }
  std::map<std::string, CursorState> cursors(const std::string& pipeline,
                                             const std::string& instance) override {
    return cursors_.load({pipeline, instance});
  }
  void put_cursors(const std::string& pipeline, const std::string& instance,
                   const std::map<std::string, CursorState>& states) override {
    if (!states.empty()) cursors_.put({pipeline, instance}, states);
  }
  std::map<std::string, std::string> frozen(const std::string& pipeline) override;
  void freeze(const std::string& pipeline,
              const std::map<std::string, std::string>& values) override;
  FileFingerprints& fingerprints() override { return fingerprints_; }
  CoverageStore& coverage() override { return coverage_; }
  std::vector<RunRecord> runs(const RunFilter& filter) override { return runs_.list(filter); }
  std::optional<RunRecord> find_run(const std::string& id) override { return runs_.find(id); }
  std::vector<UnitRecord> units(const std::string& run) override { return runs_.units(run); }
  std::vector<NodeCounts> nodes(const std::string& run) override { return runs_.nodes(run); }
  std::vector<StoredCheck> checks(const std::string& run) override { return checks_.list(run); }
  StoredRejects rejects(const std::string& run, std::int64_t limit) override {
    return rejects_.list(run, limit);
  }

 private:
  std::unique_ptr<JournalServer> server_;
  RunRows runs_;
  RejectRows rejects_;
  CheckRows checks_;
  CursorRows cursors_;
  CoverageRows coverage_;
  FingerprintRows known_files_;
  CachedFingerprints fingerprints_;
};

PostgresJournal::~PostgresJournal() {
  try {
    flush();
  } catch (const Error&) {
    // Nothing that was promised: end_run() flushes, and coverage and rejects are written at once.
  }
}

std::unique_ptr<Lease> PostgresJournal::acquire(const std::string& pipeline,
                                                const std::string& instance) {
  auto lease = PostgresLease::acquire(*server_, pipeline, instance);
  remove_old_runs(*server_, {pipeline, instance});
  return lease;
}

void PostgresJournal::repair(Lease& lease, const std::vector<TargetCoverage>& targets) {
  auto* mine = dynamic_cast<PostgresLease*>(&lease);
  if (mine == nullptr) bug("the lease is of another journal");
  repair_journal(*server_, *mine, targets);
}

std::string PostgresJournal::start_run(const RunStart& start, const Lease& lease) {
  flush();
  return runs_.start(start, lease.epoch());
}

void PostgresJournal::end_run(const std::string& run, RunState state, const std::string& reason,
                              const std::string& totals, const std::vector<NodeCounts>& nodes) {
  known_files_.flush();
  runs_.end(run, state, reason, totals, nodes);
}

void PostgresJournal::flush() {
  runs_.flush();
  known_files_.flush();
}

std::map<std::string, std::string> PostgresJournal::frozen(const std::string& pipeline) {
  std::map<std::string, std::string> values;
  server_->perform([&](Connection& connection) {
    const auto rows = connection.execute(
        "select name, value from flowrun_journal.frozen where pipeline = $1", {text(pipeline)});
    values.clear();
    for (int i = 0; i < rows.rows(); ++i) values.emplace(rows.string(i, 0), read_bytes(rows, i, 1));
  });
  return values;
}

void PostgresJournal::freeze(const std::string& pipeline,
                             const std::map<std::string, std::string>& values) {
  if (values.empty()) return;
  Rows rows({"text", "bytea"});
  for (const auto& [name, value] : values) rows.add({text(name), bytes(value)});
  server_->perform([&](Connection& connection) {
    connection.execute(
        "insert into flowrun_journal.frozen (pipeline, name, value) select $1, * from " +
            rows.sql(2) + " on conflict (pipeline, name) do update set value = excluded.value",
        rows.parameters({text(pipeline)}));
  });
}

}  // namespace

bool is_journal_url(std::string_view url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

std::unique_ptr<Journal> open_journal(const Secret& url, JournalAccess access,
                                      const JournalOptions& options) {
  if (!is_journal_url(url.reveal()) || !fault_of_url(url.reveal()).empty()) {
    throw Error(Errc::plan, "the journal's url must look like postgresql://USER@HOST/DATABASE");
  }
  auto server = std::make_unique<JournalServer>(
      Address{.url = url, .application = "flowrun journal"}, options);
  if (access == JournalAccess::existing && !has_journal(*server)) return nullptr;
  migrate_journal(*server);
  return std::make_unique<PostgresJournal>(std::move(server));
}

std::string shown_journal(const Secret& url) { return shown_address({.url = url}); }

}  // namespace flowrun::postgres
