#include "nodes/sqlite/coverage_table.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/core/clock.h"
#include "engine/core/error.h"
#include "engine/spec/coverage.h"

namespace flowrun::nodes {
namespace {

constexpr const char* kCreate = R"sql(
create table if not exists flowrun_coverage (
  pipeline text not null, instance text not null, sink text not null, target text not null collate nocase,
  kind text not null, from_us integer not null, until_us integer not null, id text not null,
  plan_hash text not null, inputs text not null, generation integer not null, epoch integer not null,
  run text not null, rows integer not null, committed_at integer not null,
  primary key (pipeline, instance, sink, target, kind, from_us, id)) without rowid;
create table if not exists flowrun_epoch (
  pipeline text not null, instance text not null, epoch integer not null,
  primary key (pipeline, instance)) without rowid;
)sql";

constexpr const char* kColumns =
    "select kind, from_us, until_us, id, plan_hash, inputs, generation, epoch, run, rows, "
    "committed_at from flowrun_coverage";
constexpr const char* kOfKey =
    " where pipeline = ?1 and instance = ?2 and sink = ?3 and target = ?4";

UnitKind parse_kind(std::string_view text) {
  for (const auto kind : {UnitKind::window, UnitKind::load, UnitKind::unplaced}) {
    if (text == to_string(kind)) return kind;
  }
  throw Error(Errc::io,
              "flowrun_coverage holds a unit of kind \"{}\", which this flowrun does not know",
              text);
}

std::string shown(const Coverage& coverage) {
  return Unit{.kind = coverage.kind, .interval = coverage.interval, .id = coverage.id}.shown();
}

}  // namespace

void CoverageTable::create() {
  if (is_there("flowrun_coverage") && is_there("flowrun_epoch") && is_there("flowrun_inputs"))
    return;
  connection_->execute(kCreate);
  connection_->execute(sqlite::MapTable::ddl("flowrun_inputs"));
}

bool CoverageTable::is_there(const std::string& table) {
  auto row = connection_->prepare(
      "select 1 from sqlite_schema where name = ? collate nocase and type in ('table', 'view')");
  return row.bind(table).step();
}

std::vector<Coverage> CoverageTable::read(sqlite::Statement rows) {
  std::vector<Coverage> entries;
  while (rows.step()) {
    entries.push_back({.kind = parse_kind(rows.text(0)),
                       .interval = {rows.int64(1), rows.int64(2)},
                       .id = rows.text(3),
                       .plan_hash = rows.text(4),
                       .inputs = inputs_.load(rows.text(5)),
                       .generation = rows.int64(6),
                       .epoch = rows.int64(7),
                       .run = rows.text(8),
                       .rows = rows.int64(9),
                       .committed_at = rows.int64(10)});
  }
  return entries;
}

std::vector<Coverage> CoverageTable::stored(const CoverageKey& key, const std::string& table) {
  auto rows = connection_->prepare(std::string(kColumns) + kOfKey + " order by kind, from_us, id");
  rows.bind(key.pipeline, key.instance, key.sink, table);
  return read(std::move(rows));
}

std::vector<Coverage> CoverageTable::load(const CoverageKey& key, const std::string& table) {
  if (!is_there("flowrun_coverage") || !is_there(table)) return {};
  return merge_coverage(stored(key, table));
}

std::int64_t CoverageTable::epoch(const std::string& pipeline, const std::string& instance) {
  if (!is_there("flowrun_epoch")) return 0;
  auto row =
      connection_->prepare("select epoch from flowrun_epoch where pipeline = ? and instance = ?");
  return row.bind(pipeline, instance).step() ? row.int64(0) : 0;
}

void CoverageTable::fence(const Marker& marker) {
  const auto& [pipeline, instance, sink, target] = marker.key;
  const auto newest = epoch(pipeline, instance);
  const auto mine = marker.coverage.epoch;
  if (newest > mine) {
    throw Error(Errc::lease,
                "{}: a newer run of pipeline \"{}\" has written here (epoch {}, this run has {})",
                connection_->path(), pipeline, newest, mine);
  }
  if (newest == mine) return;
  connection_
      ->prepare(
          "insert into flowrun_epoch (pipeline, instance, epoch) values (?, ?, ?) on conflict "
          "(pipeline, instance) do update set epoch = excluded.epoch")
      .bind(pipeline, instance, mine)
      .run();
}

std::vector<Coverage> CoverageTable::rivals(const Marker& marker, const std::string& table) {
  const auto& key = marker.key;
  const auto& unit = marker.coverage;
  if (unit.kind != UnitKind::window) {
    auto rows = connection_->prepare(std::string(kColumns) + kOfKey + " and kind = ?5 and id = ?6");
    rows.bind(key.pipeline, key.instance, key.sink, table, to_string(unit.kind), unit.id);
    return read(std::move(rows));
  }
  // Entries do not overlap one another, so at most one that begins before the unit reaches into it.
  auto rows = connection_->prepare(
      std::string(kColumns) + kOfKey +
      " and kind = 'window' and from_us < ?6 and until_us > ?5 and from_us >= coalesce((select "
      "max(from_us) from flowrun_coverage" +
      kOfKey + " and kind = 'window' and from_us <= ?5), ?5)");
  rows.bind(key.pipeline, key.instance, key.sink, table, unit.interval.from, unit.interval.until);
  return read(std::move(rows));
}

void CoverageTable::write(const Marker& marker, const std::string& table) {
  fence(marker);
  std::int64_t standing = 0;
  const auto old = rivals(marker, table);
  for (const auto& entry : old) standing = std::max(standing, entry.generation);
  if (standing != marker.replaces) {
    throw Error(Errc::lease,
                "{}: {} of table {} was committed by run {} meanwhile (generation {}, expected {})",
                connection_->path(), shown(marker.coverage), table,
                old.empty() ? "?" : old.front().run, standing, marker.replaces);
  }
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
  insert(marker.key, table, marker.coverage);
}

void CoverageTable::insert(const CoverageKey& key, const std::string& table,
                           const Coverage& coverage) {
  const auto moment = coverage.committed_at != 0 ? coverage.committed_at : SystemClock().now();
  connection_
      ->prepare(
          "insert into flowrun_coverage (pipeline, instance, sink, target, kind, from_us, "
          "until_us, id, plan_hash, inputs, generation, epoch, run, rows, committed_at) values "
          "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
      .bind(key.pipeline, key.instance, key.sink, table, to_string(coverage.kind),
            coverage.interval.from, coverage.interval.until, coverage.id, coverage.plan_hash,
            inputs_.save(*coverage.inputs), coverage.generation, coverage.epoch, coverage.run,
            coverage.rows, moment)
      .run();
}

void CoverageTable::remove(const CoverageKey& key, const std::string& table,
                           const Coverage& coverage) {
  connection_
      ->prepare(std::string("delete from flowrun_coverage") + kOfKey +
                " and kind = ?5 and from_us = ?6 and id = ?7 and generation = ?8")
      .bind(key.pipeline, key.instance, key.sink, table, to_string(coverage.kind),
            coverage.interval.from, coverage.id, coverage.generation)
      .run();
  if (connection_->changes() != 1) bug("a coverage entry of {} was read and is not there", table);
}

void CoverageTable::set_rows(const Marker& marker, const std::string& table, std::int64_t rows) {
  const auto& key = marker.key;
  connection_
      ->prepare(std::string("update flowrun_coverage set rows = ?8") + kOfKey +
                " and kind = ?5 and from_us = ?6 and id = ?7")
      .bind(key.pipeline, key.instance, key.sink, table, to_string(marker.coverage.kind),
            marker.coverage.interval.from, marker.coverage.id, rows)
      .run();
}

bool CoverageTable::has(const Marker& marker, const std::string& table) {
  if (!is_there("flowrun_coverage")) return false;
  const auto entries = rivals(marker, table);
  return std::any_of(entries.begin(), entries.end(), [&](const Coverage& entry) {
    return entry.interval == marker.coverage.interval &&
           entry.generation == marker.coverage.generation && entry.run == marker.coverage.run;
  });
}

void CoverageTable::drop_other_loads(const Marker& kept, const std::string& table) {
  const auto& key = kept.key;
  connection_
      ->prepare(std::string("delete from flowrun_coverage") + kOfKey +
                " and kind = 'load' and id <> ?5")
      .bind(key.pipeline, key.instance, key.sink, table, kept.coverage.id)
      .run();
}

void CoverageTable::drop_table(const std::string& table) {
  if (!is_there("flowrun_coverage")) return;
  connection_->prepare("delete from flowrun_coverage where target = ?").bind(table).run();
}

void CoverageTable::compact(const CoverageKey& key, const std::string& table) {
  if (!is_there("flowrun_coverage")) return;
  auto now = stored(key, table);
  const auto size = now.size();
  if (merge_coverage(std::move(now)).size() == size) return;
  sqlite::Transaction transaction(*connection_);
  const auto entries = stored(key, table);
  for (const auto& entry : entries) remove(key, table, entry);
  for (const auto& entry : merge_coverage(entries)) insert(key, table, entry);
  connection_->execute(
      "delete from flowrun_inputs where id not in (select inputs from flowrun_coverage)");
  transaction.commit();
  forget();
}

}  // namespace flowrun::nodes
