#include "nodes/postgres/journal/unit_rows.h"

#include "engine/state/journal_words.h"

namespace flowrun::postgres {

std::vector<std::string> unit_types() {
  std::vector<std::string> types{"text",   "text",   "bigint", "bigint", "text",
                                 "bigint", "bigint", "int",    "text"};
  types.insert(types.end(), 8, "bigint");
  types.insert(types.end(), {"text", "timestamptz", "timestamptz"});
  return types;
}

Parameters unit_values(const std::string& run, const UnitRecord& record) {
  const auto& unit = record.unit;
  Parameters values{text(run),
                    to_string(unit.kind),
                    number(start_of(unit)),
                    number(unit.interval.until),
                    text(unit.id),
                    number(unit.generation),
                    number(unit.epoch),
                    number(unit.attempt),
                    to_string(record.state)};
  append_counts(values, record.rows);
  values.push_back(text(record.error));
  values.push_back(moment(record.started));
  values.push_back(moment(record.ended));
  return values;
}

void put_units(Connection& connection, const Rows& rows) {
  connection.execute(
      "insert into flowrun_journal.units (run, kind, from_us, until_us, id, generation, epoch, "
      "attempt, state, rows_in, passed, absorbed, filtered, rejected, skipped, made, rows_out, "
      "error, started, ended) select * from " +
          rows.sql() +
          " on conflict (run, kind, from_us, id) do update set until_us = excluded.until_us, "
          "generation = excluded.generation, epoch = excluded.epoch, attempt = excluded.attempt, "
          "state = excluded.state, rows_in = excluded.rows_in, passed = excluded.passed, absorbed "
          "= "
          "excluded.absorbed, filtered = excluded.filtered, rejected = excluded.rejected, skipped "
          "= "
          "excluded.skipped, made = excluded.made, rows_out = excluded.rows_out, error = "
          "excluded.error, ended = excluded.ended",
      rows.parameters());
}

std::vector<UnitRecord> read_units(Connection& connection, const std::string& run) {
  const auto rows = connection.execute(
      "select kind, from_us, until_us, id, generation, epoch, attempt, state, error, started, "
      "ended, rows_in, passed, absorbed, filtered, rejected, skipped, made, rows_out from "
      "flowrun_journal.units where run = $1 order by kind = 'window' desc, kind, from_us, started",
      {text(run)});
  std::vector<UnitRecord> units;
  for (int i = 0; i < rows.rows(); ++i) {
    auto& record = units.emplace_back();
    record.unit.kind = parse_unit_kind(rows.text(i, 0));
    record.unit.interval = {rows.int64(i, 1), rows.int64(i, 2)};
    record.unit.id = rows.string(i, 3);
    record.unit.generation = rows.int64(i, 4);
    record.unit.epoch = rows.int64(i, 5);
    record.unit.attempt = static_cast<std::int32_t>(rows.int64(i, 6));
    record.unit.run = run;
    record.state = parse_unit_state(rows.text(i, 7));
    record.error = rows.string(i, 8);
    record.started = read_moment(rows, i, 9);
    record.ended = read_moment(rows, i, 10);
    record.rows = read_counts(rows, i, 11);
  }
  return units;
}

void append_counts(Parameters& values, const RowCounts& counts) {
  for (const auto count : {counts.in, counts.passed, counts.absorbed, counts.filtered,
                           counts.rejected, counts.skipped, counts.made, counts.out}) {
    values.push_back(number(count));
  }
}

RowCounts read_counts(const Result& rows, int row, int first) {
  return {.in = rows.int64(row, first),
          .passed = rows.int64(row, first + 1),
          .absorbed = rows.int64(row, first + 2),
          .filtered = rows.int64(row, first + 3),
          .rejected = rows.int64(row, first + 4),
          .skipped = rows.int64(row, first + 5),
          .made = rows.int64(row, first + 6),
          .out = rows.int64(row, first + 7)};
}

}  // namespace flowrun::postgres
