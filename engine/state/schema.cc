#include "engine/state/schema.h"

#include <array>
#include <cstdint>
#include <string>

#include "engine/core/error.h"
#include "engine/sqlite/map_table.h"

namespace flowrun {
namespace {

/// "flow", in the header of every journal.
constexpr std::int64_t kApplicationId = 0x666C6F77;

constexpr const char* kStep1 = R"sql(
create table runs (
  id text primary key, pipeline text not null, instance text not null, path text not null,
  file_hash text not null, plan_hash text not null, params text not null, now integer not null,
  state text not null, reason text not null, started integer not null, ended integer not null,
  pid integer not null, host text not null, epoch integer not null, totals text not null);
create index runs_by_instance on runs (pipeline, instance, started);
create table units (
  run text not null, kind text not null, from_us integer not null, until_us integer not null, id text not null,
  generation integer not null, epoch integer not null, attempt integer not null, state text not null,
  rows_in integer not null, passed integer not null, absorbed integer not null, filtered integer not null,
  rejected integer not null, skipped integer not null, made integer not null, rows_out integer not null,
  error text not null, started integer not null, ended integer not null,
  primary key (run, kind, from_us, id)) without rowid;
create table nodes (
  run text not null, position integer not null, node text not null, type text not null,
  rows_in integer not null, passed integer not null, absorbed integer not null, filtered integer not null,
  rejected integer not null, skipped integer not null, made integer not null, rows_out integer not null,
  busy_ns integer not null, blocked_ns integer not null, idle_ns integer not null,
  primary key (run, position)) without rowid;
create table reject_units (
  number integer primary key, pipeline text not null, instance text not null, kind text not null,
  from_us integer not null, id text not null, run text not null, shown text not null, total integer not null);
create index reject_units_by_unit on reject_units (pipeline, instance, kind, from_us, id);
create index reject_units_by_run on reject_units (run);
create table rejects (
  unit integer not null, node text not null, reason text not null, column_name text not null,
  value text not null, origin text not null, record text not null, ordinal integer not null);
create index rejects_by_unit on rejects (unit);
create table leases (
  pipeline text not null, instance text not null, epoch integer not null, pid integer, host text, since integer,
  primary key (pipeline, instance)) without rowid;
create table frozen (
  pipeline text not null, name text not null, value text not null, primary key (pipeline, name)) without rowid;
create table file_coverage (
  number integer primary key, pipeline text not null, instance text not null, sink text not null,
  target text not null, kind text not null, from_us integer not null, until_us integer not null, id text not null,
  prepared integer not null, plan_hash text not null, inputs text not null, generation integer not null,
  replaces integer not null, epoch integer not null, run text not null, rows integer not null, committed_at integer not null, note text not null);
create index file_coverage_by_unit on file_coverage
  (pipeline, instance, sink, target, prepared, kind, from_us, id);
)sql";

/// Files whose content was hashed before need no second reading.
constexpr const char* kStep2 = R"sql(
create table fingerprints (
  path text primary key, size integer not null, mtime_ns integer not null, ctime_ns integer not null,
  inode integer not null, fingerprint text not null) without rowid;
)sql";

/// What checks found, and how far cursors have come. `until_load` tells the marks that a load leads
/// to from those that were reached.
constexpr const char* kStep3 = R"sql(
create table checks (
  run text not null, kind text not null, from_us integer not null, id text not null, shown text not null,
  node text not null, rule text not null, on_fail text not null, passed integer not null, rows integer not null,
  failed integer not null, detail text not null, origin text not null);
create index checks_by_unit on checks (run, kind, from_us, id);
create table cursors (
  pipeline text not null, instance text not null, source text not null, inputs text not null,
  held_back integer not null, load text not null, load_rows integer not null, load_digest text not null,
  primary key (pipeline, instance, source)) without rowid;
create table cursor_marks (
  pipeline text not null, instance text not null, source text not null, until_load integer not null,
  key text not null, value text not null, columns text not null, ties blob not null,
  primary key (pipeline, instance, source, until_load, key)) without rowid;
)sql";

/// How far a run's windows were committed when it ended.
constexpr const char* kStep4 = "alter table runs add column watermark integer";

/// Step i leads from version i to version i + 1. Never change one that was released: add another.
const std::array<std::string, 4> kSteps{kStep1 + sqlite::MapTable::ddl("inputs"), kStep2, kStep3,
                                        kStep4};

void check_version(sqlite::Connection& connection, std::int64_t version) {
  const auto current = static_cast<std::int64_t>(kSteps.size());
  if (version > current) {
    throw Error(
        Errc::plan,
        "{}: the journal is of version {} and this flowrun knows {}; use the flowrun that wrote "
        "it, or name another file in [state] url",
        connection.path(), version, current);
  }
  const bool foreign = connection.integer("pragma application_id").value_or(0) != kApplicationId &&
                       connection.integer("select count(*) from sqlite_schema").value_or(0) != 0;
  if (foreign) {
    throw Error(Errc::plan,
                "{}: this database is no journal of flowrun; name another file in [state] url",
                connection.path());
  }
}

}  // namespace

void migrate_journal(sqlite::Connection& connection) {
  const auto current = static_cast<std::int64_t>(kSteps.size());
  if (connection.integer("pragma user_version") == current)
    return check_version(connection, current);
  sqlite::Transaction transaction(connection);
  // Asked again: another process may have been faster.
  const auto version = connection.integer("pragma user_version").value_or(0);
  check_version(connection, version);
  for (auto step = static_cast<std::size_t>(version); step < kSteps.size(); ++step) {
    connection.execute(kSteps[step]);
  }
  connection.execute("pragma application_id = " + std::to_string(kApplicationId));
  connection.execute("pragma user_version = " + std::to_string(current));
  transaction.commit();
}

}  // namespace flowrun
