#include "nodes/postgres/coverage_table.h"

#include <algorithm>

#include "engine/core/clock.h"
#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/spec/coverage.h"

namespace flowrun::postgres {
namespace {

constexpr const char* kTables = R"sql(
create table if not exists flowrun.coverage (
  pipeline text not null, instance text not null, sink text not null, target text not null,
  kind text not null, from_us bigint not null, until_us bigint not null, id text not null,
  plan_hash text not null, inputs text not null, generation bigint not null, epoch bigint not null,
  run text not null, rows bigint not null, committed_at timestamptz not null,
  primary key (pipeline, instance, sink, target, kind, from_us, id));
create table if not exists flowrun.inputs (
  id text not null, name text not null, value text not null, primary key (id, name));
create table if not exists flowrun.epoch (
  pipeline text not null, instance text not null, epoch bigint not null,
  primary key (pipeline, instance));
)sql";

constexpr const char* kColumns =
    "select kind, from_us, until_us, id, plan_hash, inputs, generation, epoch, run, rows, "
    "(extract(epoch from committed_at) * 1000000)::bigint from flowrun.coverage";
constexpr const char* kOfKey =
    " where pipeline = $1 and instance = $2 and sink = $3 and target = $4";

UnitKind parse_kind(std::string_view text) {
  for (const auto kind : {UnitKind::window, UnitKind::load, UnitKind::unplaced}) {
    if (text == to_string(kind)) return kind;
  }
  throw Error(Errc::io,
              "flowrun.coverage holds a unit of kind \"{}\", which this flowrun does not know",
              text);
}

Parameters of(const CoverageKey& key, const std::string& table) {
  return {key.pipeline, key.instance, key.sink, table};
}

template <typename... More>
Parameters of(const CoverageKey& key, const std::string& table, More... more) {
  auto all = of(key, table);
  (all.emplace_back(std::move(more)), ...);
  return all;
}

}  // namespace

bool CoverageTable::is_there() {
  return connection_
      ->execute(
          "select to_regclass('flowrun.coverage') is not null and "
          "to_regclass('flowrun.inputs') is not null and "
          "to_regclass('flowrun.epoch') is not null")
      .boolean(0, 0);
}

void CoverageTable::create() {
  if (is_there()) return;
  try {
    // Even "if not exists" asks for the right to make it.
    if (connection_->execute("select 1 from pg_namespace where nspname = 'flowrun'").rows() == 0) {
      connection_->execute("create schema flowrun");
    }
    connection_->execute_all(kTables);
  } catch (const ServerError& error) {
    if (error.sqlstate() != "42501") throw;
    throw Error(Errc::plan,
                "{}; what was loaded is kept in the schema flowrun of the target database: grant "
                "create on the database, or make it beforehand: create schema flowrun "
                "authorization <this user>",
                error.what());
  }
}

std::vector<Coverage> CoverageTable::read(const Result& rows) {
  std::vector<Coverage> entries;
  for (int i = 0; i < rows.rows(); ++i) {
    entries.push_back({.kind = parse_kind(rows.text(i, 0)),
                       .interval = {rows.int64(i, 1), rows.int64(i, 2)},
                       .id = rows.string(i, 3),
                       .plan_hash = rows.string(i, 4),
                       .inputs = load_inputs(rows.string(i, 5)),
                       .generation = rows.int64(i, 6),
                       .epoch = rows.int64(i, 7),
                       .run = rows.string(i, 8),
                       .rows = rows.int64(i, 9),
                       .committed_at = rows.int64(i, 10)});
  }
  return entries;
}

std::vector<Coverage> CoverageTable::stored(const CoverageKey& key, const std::string& table,
                                            bool locked) {
  return read(connection_->execute(std::string(kColumns) + kOfKey + " order by kind, from_us, id" +
                                       (locked ? " for update" : ""),
                                   of(key, table)));
}

std::vector<Coverage> CoverageTable::load(const CoverageKey& key, const std::string& table) {
  if (!is_there()) return {};
  return merge_coverage(stored(key, table, false));
}

std::int64_t CoverageTable::epoch(const std::string& pipeline, const std::string& instance) {
  if (!is_there()) return 0;
  const auto row =
      connection_->execute("select epoch from flowrun.epoch where pipeline = $1 and instance = $2",
                           {pipeline, instance});
  return row.rows() == 0 ? 0 : row.int64(0, 0);
}

std::string CoverageTable::save_inputs(const InputSet& inputs) {
  Fingerprinter content;
  for (const auto& [name, value] : inputs) {
    for (const auto* part : {&name, &value}) {
      content.add(*part);
      content.add(std::string_view("\0", 1));
    }
  }
  auto id = content.digest();
  if (!saved_.insert(id).second) return id;
  for (const auto& [name, value] : inputs) {
    connection_->execute(
        "insert into flowrun.inputs (id, name, value) values ($1, $2, $3) on conflict do nothing",
        {id, name, value});
  }
  return id;
}

std::shared_ptr<const InputSet> CoverageTable::load_inputs(const std::string& id) {
  auto& known = loaded_[id];
  if (known) return known;
  auto map = std::make_shared<InputSet>();
  const auto rows =
      connection_->execute("select name, value from flowrun.inputs where id = $1", {id});
  for (int i = 0; i < rows.rows(); ++i) map->emplace(rows.string(i, 0), rows.string(i, 1));
  known = std::move(map);
  return known;
}

void CoverageTable::fence(const Marker& marker) {
  const auto& [pipeline, instance, sink, target] = marker.key;
  const auto mine = marker.coverage.epoch;
  // The row stays locked until the commit, so that no newer run can begin to write in between.
  connection_->execute(
      "insert into flowrun.epoch (pipeline, instance, epoch) values ($1, $2, $3) on conflict do "
      "nothing",
      {pipeline, instance, std::to_string(mine)});
  const auto newest = connection_
                          ->execute(
                              "select epoch from flowrun.epoch where pipeline = $1 and "
                              "instance = $2 for update",
                              {pipeline, instance})
                          .int64(0, 0);
  if (newest > mine) {
    throw Error(Errc::lease,
                "{}: a newer run of pipeline \"{}\" has written here (epoch {}, this run has {})",
                connection_->shown(), pipeline, newest, mine);
  }
  if (newest == mine) return;
  connection_->execute("update flowrun.epoch set epoch = $3 where pipeline = $1 and instance = $2",
                       {pipeline, instance, std::to_string(mine)});
}

std::vector<Coverage> CoverageTable::rivals(const Marker& marker, const std::string& table) {
  const auto& key = marker.key;
  const auto& unit = marker.coverage;
  if (unit.kind != UnitKind::window) {
    return read(connection_->execute(std::string(kColumns) + kOfKey + " and kind = $5 and id = $6",
                                     of(key, table, std::string(to_string(unit.kind)), unit.id)));
  }
  // Entries do not overlap one another, so at most one that begins before the unit reaches into it.
  return read(connection_->execute(
      std::string(kColumns) + kOfKey +
          " and kind = 'window' and from_us < $6 and until_us > $5 and from_us >= coalesce((select "
          "max(from_us) from flowrun.coverage" +
          kOfKey + " and kind = 'window' and from_us <= $5), $5)",
      of(key, table, std::to_string(unit.interval.from), std::to_string(unit.interval.until))));
}

void CoverageTable::fail_lease(const Marker& marker, const std::string& table,
                               const std::vector<Coverage>& standing) {
  std::int64_t generation = 0;
  for (const auto& entry : standing) generation = std::max(generation, entry.generation);
  const Unit unit{
      .kind = marker.coverage.kind, .interval = marker.coverage.interval, .id = marker.coverage.id};
  throw Error(Errc::lease,
              "{}: {} of table {} was committed by run {} meanwhile (generation {}, expected {})",
              connection_->shown(), unit.shown(), table,
              standing.empty() ? "?" : standing.front().run, generation, marker.replaces);
}

void CoverageTable::write(const Marker& marker, const std::string& table) {
  fence(marker);
  const auto old = rivals(marker, table);
  std::int64_t standing = 0;
  for (const auto& entry : old) standing = std::max(standing, entry.generation);
  if (standing != marker.replaces) fail_lease(marker, table, old);
  for (const auto& entry : old) {
    remove(marker.key, table, entry);
    const auto& cell = marker.coverage.interval;
    // What a merged entry holds beside the unit stays covered as it was.
    for (const Interval rest :
         {Interval{entry.interval.from, cell.from}, Interval{cell.until, entry.interval.until}}) {
      if (entry.kind != UnitKind::window || rest.from >= rest.until) continue;
      auto part = entry;
      part.interval = rest;
      insert(marker.key, table, part);
    }
  }
  try {
    insert(marker.key, table, marker.coverage);
  } catch (const ServerError& error) {
    if (error.sqlstate() != "23505") throw;
    connection_->roll_back();  // to be able to say who it was
    fail_lease(marker, table, rivals(marker, table));
  }
}

void CoverageTable::insert(const CoverageKey& key, const std::string& table,
                           const Coverage& coverage) {
  const auto moment = coverage.committed_at != 0 ? coverage.committed_at : SystemClock().now();
  connection_->execute(
      "insert into flowrun.coverage (pipeline, instance, sink, target, kind, from_us, until_us, "
      "id, plan_hash, inputs, generation, epoch, run, rows, committed_at) values "
      "($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)",
      of(key, table, std::string(to_string(coverage.kind)), std::to_string(coverage.interval.from),
         std::to_string(coverage.interval.until), coverage.id, coverage.plan_hash,
         save_inputs(*coverage.inputs), std::to_string(coverage.generation),
         std::to_string(coverage.epoch), coverage.run, std::to_string(coverage.rows),
         format_timestamptz(moment)));
}

void CoverageTable::remove(const CoverageKey& key, const std::string& table,
                           const Coverage& coverage) {
  const auto done = connection_->execute(
      std::string("delete from flowrun.coverage") + kOfKey +
          " and kind = $5 and from_us = $6 and id = $7 and generation = $8",
      of(key, table, std::string(to_string(coverage.kind)), std::to_string(coverage.interval.from),
         coverage.id, std::to_string(coverage.generation)));
  if (done.touched() == 1) return;
  throw Error(Errc::lease, "{}: another run changed the coverage of table {} meanwhile",
              connection_->shown(), table);
}

void CoverageTable::set_rows(const Marker& marker, const std::string& table, std::int64_t rows) {
  const auto& coverage = marker.coverage;
  connection_->execute(
      std::string("update flowrun.coverage set rows = $8") + kOfKey +
          " and kind = $5 and from_us = $6 and id = $7",
      of(marker.key, table, std::string(to_string(coverage.kind)),
         std::to_string(coverage.interval.from), coverage.id, std::to_string(rows)));
}

bool CoverageTable::has(const Marker& marker, const std::string& table) {
  if (!is_there()) return false;
  const auto entries = rivals(marker, table);
  return std::any_of(entries.begin(), entries.end(), [&](const Coverage& entry) {
    return entry.interval == marker.coverage.interval &&
           entry.generation == marker.coverage.generation && entry.run == marker.coverage.run;
  });
}

void CoverageTable::drop_other_loads(const Marker& kept, const std::string& table) {
  connection_->execute(
      std::string("delete from flowrun.coverage") + kOfKey + " and kind = 'load' and id <> $5",
      of(kept.key, table, kept.coverage.id));
}

void CoverageTable::drop_table(const std::string& table) {
  connection_->execute("delete from flowrun.coverage where target = $1", {table});
}

void CoverageTable::compact(const CoverageKey& key, const std::string& table) {
  if (!is_there()) return;
  auto now = stored(key, table, false);
  const auto size = now.size();
  if (merge_coverage(std::move(now)).size() == size) return;
  connection_->begin();
  try {
    const auto entries = stored(key, table, true);
    for (const auto& entry : entries) remove(key, table, entry);
    for (const auto& entry : merge_coverage(entries)) insert(key, table, entry);
    connection_->commit();
  } catch (...) {
    connection_->roll_back();
    throw;
  }
}

}  // namespace flowrun::postgres
