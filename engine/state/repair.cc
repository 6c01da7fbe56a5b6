#include "engine/state/repair.h"

#include <set>

#include "engine/state/journal_words.h"
#include "engine/state/target_coverage.h"

namespace flowrun {
namespace {

class Repair {
 public:
  Repair(JournalDatabase& database, InstanceLease& lease,
         const std::vector<TargetCoverage>& targets)
      : database_(database), lease_(lease), targets_(targets) {}

  void run() {
    sqlite::Transaction transaction(database_.connection);
    if (const auto newest = newest_epoch(targets_); newest >= lease_.epoch()) {
      lease_.raise_epoch(newest + 1);
    }
    for (const auto& target : targets_) {
      for (const auto& entry : target.coverage) {
        if (!is_outlived(entry, database_.retention, database_.clock->now())) record_run(entry);
      }
    }
    close_units();
    transaction.commit();
  }

 private:
  /// Records the run of an entry where the journal does not know it, and the entry as a unit of it.
  void record_run(const Coverage& entry) {
    if (known_.contains(entry.run)) return;
    if (!made_.contains(entry.run)) {
      auto& insert = prepare(
          insert_run_,
          "insert into runs (id, pipeline, instance, path, file_hash, plan_hash, params, now, "
          "state, reason, started, ended, pid, host, epoch, totals) values (?, ?, ?, '', '', ?, "
          "'', ?, 'ok', ?, ?, ?, 0, '', ?, '') on conflict do nothing");
      insert
          .bind(entry.run, lease_.pipeline(), lease_.instance(), entry.plan_hash,
                entry.committed_at, kKnownFromTargets, entry.committed_at, entry.committed_at,
                entry.epoch)
          .run();
      if (database_.connection.changes() == 0) {
        known_.insert(entry.run);
        return;
      }
      made_.insert(entry.run);
    }
    record_unit(entry);
  }

  void record_unit(const Coverage& entry) {
    const auto id =
        entry.kind == UnitKind::window ? format_timestamp(entry.interval.from) : entry.id;
    auto& insert = prepare(
        insert_unit_,
        "insert into units (run, kind, from_us, until_us, id, generation, epoch, attempt, state, "
        "rows_in, passed, absorbed, filtered, rejected, skipped, made, rows_out, error, started, "
        "ended) values (?, ?, ?, ?, ?, ?, ?, 1, ?, 0, 0, 0, 0, 0, 0, 0, ?, '', ?, ?) on conflict "
        "do update set rows_out = rows_out + excluded.rows_out");
    insert
        .bind(entry.run, to_string(entry.kind), entry.interval.from, entry.interval.until, id,
              entry.generation, entry.epoch,
              to_string(all_hold(targets_, entry) ? UnitState::journalled : UnitState::committing),
              entry.rows, entry.committed_at, entry.committed_at)
        .run();
  }

  /// Marks what earlier runs left open and every target holds.
  void close_units() {
    auto open = database_.connection.prepare(
        "select run, kind, from_us, until_us, units.id, generation from units join runs on runs.id "
        "= run where pipeline = ? and instance = ? and runs.state = 'crashed' and units.state not "
        "in ('journalled', 'failed', 'aborted')");
    open.bind(lease_.pipeline(), lease_.instance());
    auto close = database_.connection.prepare(
        "update units set state = ?, ended = ? where run = ? and kind = ? and from_us = ? and id = "
        "?");
    while (open.step()) {
      const Coverage unit{.kind = parse_unit_kind(open.text(1)),
                          .interval = {open.int64(2), open.int64(3)},
                          .id = open.text(4),
                          .generation = open.int64(5)};
      const auto state = all_hold(targets_, unit) ? UnitState::journalled : UnitState::aborted;
      close
          .bind(to_string(state), database_.clock->now(), open.text(0), open.text(1),
                unit.interval.from, unit.id)
          .run();
    }
  }

  sqlite::Statement& prepare(std::optional<sqlite::Statement>& statement, const char* sql) {
    if (!statement) statement = database_.connection.prepare(sql);
    return *statement;
  }

  JournalDatabase& database_;
  InstanceLease& lease_;
  const std::vector<TargetCoverage>& targets_;
  std::set<std::string> known_;
  std::set<std::string> made_;
  std::optional<sqlite::Statement> insert_run_;
  std::optional<sqlite::Statement> insert_unit_;
};

}  // namespace

void repair_journal(JournalDatabase& database, InstanceLease& lease,
                    const std::vector<TargetCoverage>& targets) {
  if (!targets.empty()) Repair(database, lease, targets).run();
}

}  // namespace flowrun
