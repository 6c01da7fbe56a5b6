#include "engine/state/run_table.h"

#include <unistd.h>

#include "engine/state/journal_words.h"
#include "engine/state/target_coverage.h"

namespace flowrun {
namespace {

constexpr int kIdAttempts = 1000;

constexpr const char* kRunColumns =
    "select id, pipeline, instance, path, file_hash, plan_hash, params, now, state, reason, "
    "started, ended, pid, host, epoch, totals, watermark from runs ";

RunRecord read_run(const sqlite::Statement& row) {
  return {.id = row.text(0),
          .start = {.pipeline = row.text(1),
                    .instance = row.text(2),
                    .path = row.text(3),
                    .file_hash = row.text(4),
                    .plan_hash = row.text(5),
                    .params = row.text(6),
                    .now = row.int64(7)},
          .state = parse_run_state(row.text(8)),
          .reason = row.text(9),
          .started = row.int64(10),
          .ended = row.int64(11),
          .pid = row.int64(12),
          .host = row.text(13),
          .epoch = row.int64(14),
          .totals = row.text(15),
          .watermark = row.is_null(16) ? std::nullopt : std::optional(row.int64(16))};
}

/// in, passed, absorbed, filtered, rejected, skipped, made, out from eight columns on.
RowCounts read_counts(const sqlite::Statement& row, int first) {
  return {.in = row.int64(first),
          .passed = row.int64(first + 1),
          .absorbed = row.int64(first + 2),
          .filtered = row.int64(first + 3),
          .rejected = row.int64(first + 4),
          .skipped = row.int64(first + 5),
          .made = row.int64(first + 6),
          .out = row.int64(first + 7)};
}

}  // namespace

std::string RunTable::start(const RunStart& start, std::int64_t epoch) {
  auto insert = database_->connection.prepare(
      "insert into runs (id, pipeline, instance, path, file_hash, plan_hash, params, now, state, "
      "reason, started, ended, pid, host, epoch, totals) values (?, ?, ?, ?, ?, ?, ?, ?, "
      "'running', '', ?, 0, ?, ?, ?, '') on conflict do nothing");
  const auto now = database_->clock->now();
  for (int attempt = 0; attempt < kIdAttempts; ++attempt) {
    const auto id = make_run_id(now);
    insert
        .bind(id, start.pipeline, start.instance, start.path, start.file_hash, start.plan_hash,
              start.params, start.now, now, static_cast<std::int64_t>(::getpid()), host_name(),
              epoch)
        .run();
    if (database_->connection.changes() == 1) return id;
  }
  bug("no free run id at {}", format_timestamptz(now));
}

void RunTable::end(const std::string& run, RunState state, const std::string& reason,
                   const std::string& totals, const std::vector<NodeCounts>& nodes) {
  auto& connection = database_->connection;
  const auto now = database_->clock->now();
  connection
      .prepare(
          "update units set state = 'aborted', ended = ? where run = ? and state not in "
          "('journalled', 'aborted', 'failed')")
      .bind(now, run)
      .run();
  auto insert = connection.prepare(
      "insert or replace into nodes (run, position, node, type, rows_in, passed, absorbed, "
      "filtered, rejected, skipped, made, rows_out, busy_ns, blocked_ns, idle_ns) values "
      "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto& [node, type, rows, busy, blocked, idle] = nodes[i];
    insert
        .bind(run, i, node, type, rows.in, rows.passed, rows.absorbed, rows.filtered, rows.rejected,
              rows.skipped, rows.made, rows.out, busy, blocked, idle)
        .run();
  }
  if (const auto watermark = watermark_of(units(run), state)) {
    connection.prepare("update runs set watermark = ? where id = ?").bind(*watermark, run).run();
  }
  connection.prepare("update runs set state = ?, reason = ?, totals = ?, ended = ? where id = ?")
      .bind(to_string(state), reason, totals, now, run)
      .run();
  if (connection.changes() != 1) bug("run {} ended and was never started", run);
}

void RunTable::put_unit(const std::string& run, const UnitRecord& unit) {
  pending_.put(run, unit, database_->clock->now());
}

void RunTable::write_pending() {
  if (pending_.empty()) return;
  auto upsert = database_->connection.prepare(
      "insert into units (run, kind, from_us, until_us, id, generation, epoch, attempt, state, "
      "rows_in, passed, absorbed, filtered, rejected, skipped, made, rows_out, error, started, "
      "ended) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) on conflict (run, kind, from_us, "
      "id) do update set until_us = excluded.until_us, generation = excluded.generation, epoch = "
      "excluded.epoch, attempt = excluded.attempt, state = excluded.state, rows_in = "
      "excluded.rows_in, passed = excluded.passed, absorbed = excluded.absorbed, filtered = "
      "excluded.filtered, rejected = excluded.rejected, skipped = excluded.skipped, made = "
      "excluded.made, rows_out = excluded.rows_out, error = excluded.error, ended = "
      "excluded.ended");
  for (const auto& [key, record] : pending_.all()) {
    const auto& [run, kind, from, id] = key;
    const auto& rows = record.rows;
    upsert
        .bind(run, to_string(kind), from, record.unit.interval.until, id, record.unit.generation,
              record.unit.epoch, record.unit.attempt, to_string(record.state), rows.in, rows.passed,
              rows.absorbed, rows.filtered, rows.rejected, rows.skipped, rows.made, rows.out,
              record.error, record.started, record.ended)
        .run();
  }
}

std::vector<RunRecord> RunTable::list(const RunFilter& filter) {
  auto rows =
      database_->connection.prepare(std::string(kRunColumns) +
                                    "where (?1 = '' or pipeline = ?1) and (?2 = 0 or instance = "
                                    "?3) order by started desc, rowid desc limit ?4");
  rows.bind(filter.pipeline, filter.instance.has_value(), filter.instance.value_or(""),
            filter.limit);
  std::vector<RunRecord> runs;
  while (rows.step()) runs.push_back(read_run(rows));
  return runs;
}

std::optional<RunRecord> RunTable::find(const std::string& id) {
  if (id.empty()) return std::nullopt;
  auto rows = database_->connection.prepare(
      std::string(kRunColumns) +
      "where id = ?1 or substr(id, 1, length(?1)) = ?1 or substr(id, -length(?1)) = ?1 order by id "
      "= ?1 desc limit 2");
  rows.bind(id);
  if (!rows.step()) return std::nullopt;
  auto run = read_run(rows);
  if (run.id != id && rows.step()) return std::nullopt;
  return run;
}

std::vector<UnitRecord> RunTable::units(const std::string& run) {
  auto rows = database_->connection.prepare(
      "select kind, from_us, until_us, id, generation, epoch, attempt, state, error, started, "
      "ended, rows_in, passed, absorbed, filtered, rejected, skipped, made, rows_out from units "
      "where run = ? order by kind = 'window' desc, kind, from_us, started");
  rows.bind(run);
  std::vector<UnitRecord> units;
  while (rows.step()) {
    auto& record = units.emplace_back();
    record.unit.kind = parse_unit_kind(rows.text(0));
    record.unit.interval = {rows.int64(1), rows.int64(2)};
    record.unit.id = rows.text(3);
    record.unit.generation = rows.int64(4);
    record.unit.epoch = rows.int64(5);
    record.unit.attempt = static_cast<std::int32_t>(rows.int64(6));
    record.unit.run = run;
    record.state = parse_unit_state(rows.text(7));
    record.rows = read_counts(rows, 11);
    record.error = rows.text(8);
    record.started = rows.int64(9);
    record.ended = rows.int64(10);
  }
  return units;
}

std::vector<NodeCounts> RunTable::nodes(const std::string& run) {
  auto rows = database_->connection.prepare(
      "select node, type, busy_ns, blocked_ns, idle_ns, rows_in, passed, absorbed, filtered, "
      "rejected, skipped, made, rows_out from nodes where run = ? order by position");
  rows.bind(run);
  std::vector<NodeCounts> nodes;
  while (rows.step()) {
    nodes.push_back({.node = rows.text(0),
                     .type = rows.text(1),
                     .rows = read_counts(rows, 5),
                     .busy = rows.int64(2),
                     .blocked = rows.int64(3),
                     .idle = rows.int64(4)});
  }
  return nodes;
}

std::pair<std::string, std::string> RunTable::owner(const std::string& run) {
  auto row = database_->connection.prepare("select pipeline, instance from runs where id = ?");
  if (!row.bind(run).step()) bug("run {} is not in the journal", run);
  return {row.text(0), row.text(1)};
}

}  // namespace flowrun
