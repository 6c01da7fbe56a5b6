#include "engine/state/file_coverage.h"

#include <utility>

#include "engine/spec/coverage.h"
#include "engine/state/journal_words.h"

namespace flowrun {
namespace {

constexpr const char* kColumns =
    "select number, kind, from_us, until_us, id, plan_hash, inputs, generation, replaces, epoch, "
    "run, rows, committed_at, note from file_coverage";
constexpr const char* kOfKey =
    " where pipeline = ?1 and instance = ?2 and sink = ?3 and target = ?4 and prepared = ?5";

}  // namespace

std::vector<CoverageEntry> FileCoverage::read(sqlite::Statement rows, const CoverageKey& key) {
  std::vector<CoverageEntry> entries;
  while (rows.step()) {
    Marker marker{.key = key,
                  .coverage = {.kind = parse_unit_kind(rows.text(1)),
                               .interval = {rows.int64(2), rows.int64(3)},
                               .id = rows.text(4),
                               .plan_hash = rows.text(5),
                               .inputs = inputs_.load(rows.text(6)),
                               .generation = rows.int64(7),
                               .epoch = rows.int64(9),
                               .run = rows.text(10),
                               .rows = rows.int64(11),
                               .committed_at = rows.int64(12)},
                  .replaces = rows.int64(8)};
    entries.push_back({rows.int64(0), {std::move(marker), rows.text(13)}});
  }
  return entries;
}

std::vector<CoverageEntry> FileCoverage::entries(const CoverageKey& key, bool prepared) {
  auto rows = database_->connection.prepare(std::string(kColumns) + kOfKey + " order by number");
  rows.bind(key.pipeline, key.instance, key.sink, key.target, prepared);
  return read(std::move(rows), key);
}

std::vector<CoverageEntry> FileCoverage::rivals(const Marker& marker, bool prepared) {
  const auto& [pipeline, instance, sink, target] = marker.key;
  const auto& unit = marker.coverage;
  if (unit.kind != UnitKind::window) {
    auto rows = database_->connection.prepare(std::string(kColumns) + kOfKey +
                                              " and kind = ?6 and id = ?7");
    rows.bind(pipeline, instance, sink, target, prepared, to_string(unit.kind), unit.id);
    return read(std::move(rows), marker.key);
  }
  // Entries do not overlap one another, so at most one that begins before the unit reaches into it.
  auto rows = database_->connection.prepare(
      std::string(kColumns) + kOfKey +
      " and kind = 'window' and from_us < ?7 and until_us > ?6 and from_us >= coalesce((select "
      "max(from_us) from file_coverage" +
      kOfKey + " and kind = 'window' and from_us <= ?6), ?6)");
  rows.bind(pipeline, instance, sink, target, prepared, unit.interval.from, unit.interval.until);
  return read(std::move(rows), marker.key);
}

std::vector<CoverageStore::Prepared> FileCoverage::list(const CoverageKey& key, bool prepared) {
  const std::lock_guard guard(database_->mutex);
  std::vector<Prepared> found;
  for (auto& entry : entries(key, prepared)) found.push_back(std::move(entry.what));
  return found;
}

std::vector<CoverageStore::Prepared> FileCoverage::prepared(const CoverageKey& key) {
  return list(key, true);
}

std::vector<CoverageStore::Prepared> FileCoverage::committed(const CoverageKey& key) {
  return list(key, false);
}

std::vector<Coverage> FileCoverage::load(const CoverageKey& key) {
  std::vector<Coverage> coverage;
  for (auto& entry : list(key, false)) coverage.push_back(std::move(entry.marker.coverage));
  return merge_coverage(std::move(coverage));
}

void FileCoverage::check_epoch(const Marker& marker) {
  const auto& pipeline = marker.key.pipeline;
  const auto& instance = marker.key.instance;
  const auto held = database_->held_epochs.find({pipeline, instance});
  const auto mine = held == database_->held_epochs.end() ? marker.coverage.epoch : held->second;
  auto newest =
      database_->connection.prepare("select epoch from leases where pipeline = ? and instance = ?");
  if (newest.bind(pipeline, instance).step()) refuse_older_epoch(marker, mine, newest.int64(0));
}

void FileCoverage::remove(std::int64_t number) {
  database_->connection.prepare("delete from file_coverage where number = ?").bind(number).run();
}

void FileCoverage::remove_prepared(const Marker& marker) {
  for (const auto& entry : rivals(marker, true)) remove(entry.number);
}

void FileCoverage::insert(const Marker& marker, const std::string& note, bool prepared) {
  const auto& [pipeline, instance, sink, target] = marker.key;
  const auto& coverage = marker.coverage;
  const auto moment = coverage.committed_at != 0 ? coverage.committed_at : database_->clock->now();
  database_->connection
      .prepare(
          "insert into file_coverage (pipeline, instance, sink, target, kind, from_us, until_us, "
          "id, prepared, plan_hash, inputs, generation, replaces, epoch, run, rows, committed_at, "
          "note) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
      .bind(pipeline, instance, sink, target, to_string(coverage.kind), coverage.interval.from,
            coverage.interval.until, coverage.id, prepared, coverage.plan_hash,
            inputs_.save(*coverage.inputs), coverage.generation, marker.replaces, coverage.epoch,
            coverage.run, coverage.rows, moment, note)
      .run();
}

bool FileCoverage::make_room(const Marker& marker, const std::string& note) {
  const auto room = room_for(marker, note, rivals(marker, false));
  if (!room) return false;
  for (const auto number : room->remove) remove(number);
  for (const auto& [rest, its_note] : room->keep) insert(rest, its_note, false);
  return true;
}

// What a power cut takes from the log here is loaded again, and replaces the same rows; what it
// leaves is believed only as far as the file's bytes have the noted digest. So no commit of a unit
// waits for the disk.
void FileCoverage::prepare(const Marker& marker, const std::string& note) {
  const std::lock_guard guard(database_->mutex);
  begin();
  sqlite::Transaction transaction(database_->connection);
  check_epoch(marker);
  remove_prepared(marker);
  insert(marker, note, true);
  transaction.commit();
  unsure_ = false;
}

void FileCoverage::commit(const Marker& marker, const std::string& note) {
  const std::lock_guard guard(database_->mutex);
  begin();
  sqlite::Transaction transaction(database_->connection);
  check_epoch(marker);
  if (make_room(marker, note)) insert(marker, note, false);
  remove_prepared(marker);
  transaction.commit();
  unsure_ = false;
}

void FileCoverage::begin() {
  if (std::exchange(unsure_, true)) inputs_.forget();
}

void FileCoverage::forget(const Marker& marker) {
  const std::lock_guard guard(database_->mutex);
  DurableTransaction transaction(database_->connection);
  for (const bool prepared : {true, false}) {
    for (const auto& entry : rivals(marker, prepared)) {
      if (entry.what.marker.coverage.generation == marker.coverage.generation) remove(entry.number);
    }
  }
  transaction.commit();
}

}  // namespace flowrun
