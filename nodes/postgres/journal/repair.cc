#include "nodes/postgres/journal/repair.h"

#include <map>
#include <set>

#include "engine/state/journal_words.h"
#include "engine/state/pending_units.h"
#include "engine/state/target_coverage.h"
#include "nodes/postgres/journal/unit_rows.h"

namespace flowrun::postgres {
namespace {

using Entries = std::vector<const Coverage*>;

/// Records the runs of entries that the journal does not know; returns those.
std::set<std::string> record_runs(Connection& connection, const Lease& lease,
                                  const Entries& entries) {
  Rows rows({"text", "text", "timestamptz", "bigint"});
  std::set<std::string> named;
  for (const auto* entry : entries) {
    if (!named.insert(entry->run).second) continue;
    rows.add({text(entry->run), text(entry->plan_hash), moment(entry->committed_at),
              number(entry->epoch)});
  }
  const auto made = connection.execute(
      "insert into flowrun_journal.runs (id, pipeline, instance, path, file_hash, plan_hash, now, "
      "state, reason, started, ended, pid, host, epoch) select run, $1, $2, '', '', hash, at, "
      "'ok', "
      "$3, at, at, 0, '', epoch from " +
          rows.sql(4) + " as entry(run, hash, at, epoch) on conflict (id) do nothing returning id",
      rows.parameters({text(lease.pipeline()), text(lease.instance()), kKnownFromTargets}));
  std::set<std::string> runs;
  for (int i = 0; i < made.rows(); ++i) runs.insert(made.string(i, 0));
  return runs;
}

/// Records the entries of runs that were made just now as their units: what several targets hold of
/// one is one unit.
void record_units(Connection& connection, const std::vector<TargetCoverage>& targets,
                  const Entries& entries, const std::set<std::string>& runs) {
  std::map<PendingUnits::Key, UnitRecord> units;
  for (const auto* entry : entries) {
    if (!runs.contains(entry->run)) continue;
    UnitRecord record;
    record.unit.kind = entry->kind;
    record.unit.interval = entry->interval;
    record.unit.id =
        entry->kind == UnitKind::window ? format_timestamp(entry->interval.from) : entry->id;
    record.unit.generation = entry->generation;
    record.unit.epoch = entry->epoch;
    record.state = all_hold(targets, *entry) ? UnitState::journalled : UnitState::committing;
    record.started = record.ended = entry->committed_at;
    const auto [at, fresh] =
        units.try_emplace({entry->run, entry->kind, start_of(record.unit), record.unit.id}, record);
    at->second.rows.out += entry->rows;
  }
  if (units.empty()) return;
  Rows rows(unit_types());
  for (const auto& [key, record] : units) {
    rows.add(unit_values(std::get<0>(key), record));
  }
  put_units(connection, rows);
}

/// Ends what earlier runs left open: journalled where every target holds it.
void close_units(Connection& connection, const Lease& lease, Micros now,
                 const std::vector<TargetCoverage>& targets) {
  const auto open = connection.execute(
      "select run, kind, from_us, until_us, u.id, u.generation from flowrun_journal.units u join "
      "flowrun_journal.runs r on r.id = run where pipeline = $1 and instance = $2 and r.state = "
      "'crashed' and u.state not in ('journalled', 'failed', 'aborted')",
      {text(lease.pipeline()), text(lease.instance())});
  if (open.rows() == 0) return;
  Rows rows({"text", "text", "bigint", "text", "text"});
  for (int i = 0; i < open.rows(); ++i) {
    const Coverage unit{.kind = parse_unit_kind(open.text(i, 1)),
                        .interval = {open.int64(i, 2), open.int64(i, 3)},
                        .id = open.string(i, 4),
                        .generation = open.int64(i, 5)};
    const auto state = all_hold(targets, unit) ? UnitState::journalled : UnitState::aborted;
    rows.add({open.string(i, 0), open.string(i, 1), open.string(i, 2), open.string(i, 4),
              to_string(state)});
  }
  connection.execute(
      "update flowrun_journal.units u set state = closed.state, ended = $1::timestamptz from " +
          rows.sql(2) +
          " as closed(run, kind, from_us, id, state) where u.run = closed.run and u.kind = "
          "closed.kind and u.from_us = closed.from_us and u.id = closed.id",
      rows.parameters({moment(now)}));
}

}  // namespace

void repair_journal(JournalServer& server, PostgresLease& lease,
                    const std::vector<TargetCoverage>& targets) {
  if (targets.empty()) return;
  if (const auto newest = newest_epoch(targets); newest >= lease.epoch()) {
    lease.raise_epoch(newest + 1);
  }
  Entries entries;
  for (const auto& target : targets) {
    for (const auto& entry : target.coverage) {
      if (!is_outlived(entry, server.options().retention, server.now())) entries.push_back(&entry);
    }
  }
  server.transact([&](Connection& connection) {
    if (!entries.empty()) {
      record_units(connection, targets, entries, record_runs(connection, lease, entries));
    }
    close_units(connection, lease, server.now(), targets);
  });
}

}  // namespace flowrun::postgres
