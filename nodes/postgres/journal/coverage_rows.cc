#include "nodes/postgres/journal/coverage_rows.h"

#include <utility>

#include "engine/spec/coverage.h"
#include "engine/state/journal_words.h"
#include "nodes/postgres/journal/values.h"

namespace flowrun::postgres {
namespace {

constexpr const char* kColumns =
    "select number, kind, from_us, until_us, id, plan_hash, inputs, generation, replaces, epoch, "
    "run, rows, committed_at, note from flowrun_journal.file_coverage";
constexpr const char* kOfKey =
    " where pipeline = $1 and instance = $2 and sink = $3 and target = $4 and prepared = "
    "$5::boolean ";
/// Entries do not overlap one another, so at most one that begins before the unit reaches into it.
constexpr const char* kReachesIn =
    "and kind = 'window' and from_us < $7::bigint and until_us > $6::bigint and from_us >= "
    "coalesce((select max(from_us) from flowrun_journal.file_coverage";
constexpr const char* kBegunBefore = "and kind = 'window' and from_us <= $6::bigint), $6::bigint)";

void remove(Connection& connection, const std::vector<std::int64_t>& numbers) {
  if (numbers.empty()) return;
  Rows rows({"bigint"});
  for (const auto each : numbers) rows.add({number(each)});
  connection.execute("delete from flowrun_journal.file_coverage where number = any($1::bigint[])",
                     rows.parameters());
}

}  // namespace

std::vector<CoverageEntry> CoverageRows::read(Connection& connection, const CoverageKey& key,
                                              bool prepared, const std::string& condition,
                                              const Parameters& more) {
  Parameters parameters{text(key.pipeline), text(key.instance), text(key.sink), text(key.target),
                        prepared ? "t" : "f"};
  parameters.insert(parameters.end(), more.begin(), more.end());
  const auto rows = connection.execute(
      std::string(kColumns) + kOfKey + condition + " order by number", parameters);
  std::vector<CoverageEntry> entries;
  for (int i = 0; i < rows.rows(); ++i) {
    auto& [number, what] = entries.emplace_back();
    number = rows.int64(i, 0);
    what.note = rows.string(i, 13);
    what.marker.key = key;
    what.marker.replaces = rows.int64(i, 8);
    what.marker.coverage = {.kind = parse_unit_kind(rows.text(i, 1)),
                            .interval = {rows.int64(i, 2), rows.int64(i, 3)},
                            .id = rows.string(i, 4),
                            .plan_hash = rows.string(i, 5),
                            .inputs = inputs_.load(connection, rows.string(i, 6)),
                            .generation = rows.int64(i, 7),
                            .epoch = rows.int64(i, 9),
                            .run = rows.string(i, 10),
                            .rows = rows.int64(i, 11),
                            .committed_at = read_moment(rows, i, 12)};
  }
  return entries;
}

std::vector<CoverageEntry> CoverageRows::rivals(Connection& connection, const Marker& marker,
                                                bool prepared) {
  const auto& unit = marker.coverage;
  if (unit.kind != UnitKind::window) {
    return read(connection, marker.key, prepared, "and kind = $6 and id = $7",
                {to_string(unit.kind), text(unit.id)});
  }
  return read(connection, marker.key, prepared, std::string(kReachesIn) + kOfKey + kBegunBefore,
              {number(unit.interval.from), number(unit.interval.until)});
}

std::vector<CoverageStore::Prepared> CoverageRows::list(const CoverageKey& key, bool prepared) {
  std::vector<Prepared> found;
  server_->perform([&](Connection& connection) {
    found.clear();
    for (auto& entry : read(connection, key, prepared, "", {})) {
      found.push_back(std::move(entry.what));
    }
  });
  return found;
}

std::vector<CoverageStore::Prepared> CoverageRows::prepared(const CoverageKey& key) {
  return list(key, true);
}

std::vector<CoverageStore::Prepared> CoverageRows::committed(const CoverageKey& key) {
  return list(key, false);
}

std::vector<Coverage> CoverageRows::load(const CoverageKey& key) {
  std::vector<Coverage> coverage;
  for (auto& entry : list(key, false)) coverage.push_back(std::move(entry.marker.coverage));
  return merge_coverage(std::move(coverage));
}

void CoverageRows::refuse_stale(Connection& connection, const Marker& marker) {
  const JournalServer::Owner owner{marker.key.pipeline, marker.key.instance};
  refuse_older_epoch(marker, server_->held_epoch(owner, marker.coverage.epoch),
                     newest_epoch(connection, owner));
}

void CoverageRows::remove_prepared(Connection& connection, const Marker& marker) {
  std::vector<std::int64_t> numbers;
  for (const auto& entry : rivals(connection, marker, true)) numbers.push_back(entry.number);
  remove(connection, numbers);
}

std::string CoverageRows::insert(Connection& connection, const Marker& marker,
                                 const std::string& note, bool prepared) {
  const auto& [pipeline, instance, sink, target] = marker.key;
  const auto& coverage = marker.coverage;
  auto inputs = inputs_.save(connection, *coverage.inputs);
  connection.execute(
      "insert into flowrun_journal.file_coverage (pipeline, instance, sink, target, kind, from_us, "
      "until_us, id, prepared, plan_hash, inputs, generation, replaces, epoch, run, rows, "
      "committed_at, note) values ($1, $2, $3, $4, $5, $6::bigint, $7::bigint, $8, $9::boolean, "
      "$10, $11, $12::bigint, $13::bigint, $14::bigint, $15, $16::bigint, $17::timestamptz, $18)",
      {text(pipeline), text(instance), text(sink), text(target), to_string(coverage.kind),
       number(coverage.interval.from), number(coverage.interval.until), text(coverage.id),
       prepared ? "t" : "f", text(coverage.plan_hash), inputs, number(coverage.generation),
       number(marker.replaces), number(coverage.epoch), text(coverage.run), number(coverage.rows),
       moment(coverage.committed_at != 0 ? coverage.committed_at : server_->now()), text(note)});
  return inputs;
}

void CoverageRows::prepare(const Marker& marker, const std::string& note) {
  std::string inputs;
  server_->transact([&](Connection& connection) {
    refuse_stale(connection, marker);
    remove_prepared(connection, marker);
    inputs = insert(connection, marker, note, true);
  });
  inputs_.committed(inputs);
}

void CoverageRows::commit(const Marker& marker, const std::string& note) {
  std::string inputs;
  server_->transact([&](Connection& connection) {
    refuse_stale(connection, marker);
    // An attempt whose answer was lost finds its own marker, and has no more to do.
    if (const auto room = room_for(marker, note, rivals(connection, marker, false))) {
      remove(connection, room->remove);
      for (const auto& [rest, its_note] : room->keep) insert(connection, rest, its_note, false);
      inputs = insert(connection, marker, note, false);
    }
    remove_prepared(connection, marker);
  });
  if (!inputs.empty()) inputs_.committed(inputs);
}

void CoverageRows::forget(const Marker& marker) {
  server_->transact([&](Connection& connection) {
    std::vector<std::int64_t> numbers;
    for (const bool prepared : {true, false}) {
      for (const auto& entry : rivals(connection, marker, prepared)) {
        if (entry.what.marker.coverage.generation == marker.coverage.generation) {
          numbers.push_back(entry.number);
        }
      }
    }
    remove(connection, numbers);
  });
}

}  // namespace flowrun::postgres
