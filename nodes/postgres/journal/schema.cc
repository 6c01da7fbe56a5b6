#include "nodes/postgres/journal/schema.h"

#include <array>

namespace flowrun::postgres {
namespace {

/// "flow": the advisory lock of those who make tables.
constexpr const char* kLock = "select pg_advisory_xact_lock(1718382455, 1)";

// Times are timestamptz for people who look, windows are microseconds since 1970 as the pipeline's
// own clock reads, and what may hold any bytes (names of files, rejected values) is bytea.
constexpr const char* kStep1 = R"sql(
create table flowrun_journal.runs (
  number bigint generated always as identity,
  id text primary key, pipeline text not null, instance text not null, path text not null,
  file_hash text not null, plan_hash text not null, params jsonb, now timestamptz,
  state text not null
    check (state in ('planned', 'running', 'ok', 'failed', 'skipped', 'cancelled', 'crashed')),
  reason text not null default '', started timestamptz, ended timestamptz, heartbeat timestamptz,
  pid bigint not null, host text not null, epoch bigint not null, totals jsonb, watermark timestamptz,
  nonce bigint not null default 0);
create index runs_by_instance on flowrun_journal.runs (pipeline, instance, started);
create unique index runs_active on flowrun_journal.runs (pipeline, instance)
  where state in ('planned', 'running');
create table flowrun_journal.units (
  run text not null references flowrun_journal.runs on delete cascade,
  kind text not null, from_us bigint not null, until_us bigint not null, id text not null,
  generation bigint not null, epoch bigint not null, attempt int not null, state text not null,
  rows_in bigint not null, passed bigint not null, absorbed bigint not null, filtered bigint not null,
  rejected bigint not null, skipped bigint not null, made bigint not null, rows_out bigint not null,
  error text not null, started timestamptz, ended timestamptz,
  primary key (run, kind, from_us, id));
create table flowrun_journal.nodes (
  run text not null references flowrun_journal.runs on delete cascade,
  position int not null, node text not null, type text not null,
  rows_in bigint not null, passed bigint not null, absorbed bigint not null, filtered bigint not null,
  rejected bigint not null, skipped bigint not null, made bigint not null, rows_out bigint not null,
  busy_ns bigint not null, blocked_ns bigint not null, idle_ns bigint not null,
  primary key (run, position));
create table flowrun_journal.reject_units (
  number bigint generated always as identity primary key,
  pipeline text not null, instance text not null, kind text not null, from_us bigint not null,
  id text not null, run text not null references flowrun_journal.runs on delete cascade,
  shown text not null, total bigint not null);
create index reject_units_by_unit on flowrun_journal.reject_units (pipeline, instance, kind, from_us, id);
create index reject_units_by_run on flowrun_journal.reject_units (run);
create table flowrun_journal.rejects (
  unit bigint not null references flowrun_journal.reject_units on delete cascade,
  position int not null, node text not null, reason text not null, column_name text not null,
  value bytea not null, origin text not null, record bytea not null, ordinal bigint not null,
  primary key (unit, position));
create table flowrun_journal.checks (
  number bigint generated always as identity primary key,
  run text not null references flowrun_journal.runs on delete cascade,
  kind text not null, from_us bigint not null, id text not null, shown text not null,
  node text not null, rule text not null, on_fail text not null, passed boolean not null,
  rows bigint not null, failed bigint not null, detail text not null, origin text not null);
create index checks_by_unit on flowrun_journal.checks (run, kind, from_us, id);
create table flowrun_journal.cursors (
  pipeline text not null, instance text not null, source text not null, inputs text not null,
  held_back boolean not null, load text not null, load_rows bigint not null, load_digest text not null,
  primary key (pipeline, instance, source));
create table flowrun_journal.cursor_marks (
  pipeline text not null, instance text not null, source text not null, until_load boolean not null,
  key bytea not null, value bytea not null, columns bytea not null, ties bytea not null,
  primary key (pipeline, instance, source, until_load, key));
create table flowrun_journal.leases (
  pipeline text not null, instance text not null, epoch bigint not null,
  lock_number bigint not null default 0,
  pid bigint, host text, backend int, since timestamptz, heartbeat timestamptz,
  primary key (pipeline, instance));
create table flowrun_journal.frozen (
  pipeline text not null, name text not null, value bytea not null, primary key (pipeline, name));
create table flowrun_journal.file_coverage (
  number bigint generated always as identity primary key,
  pipeline text not null, instance text not null, sink text not null, target text not null,
  kind text not null, from_us bigint not null, until_us bigint not null, id text not null,
  prepared boolean not null, plan_hash text not null, inputs text not null, generation bigint not null,
  replaces bigint not null, epoch bigint not null, run text not null, rows bigint not null,
  committed_at timestamptz, note text not null);
create index file_coverage_by_unit on flowrun_journal.file_coverage
  (pipeline, instance, sink, target, prepared, kind, from_us, id);
create table flowrun_journal.inputs (
  id text not null, name bytea not null, value text not null, primary key (id, name));
create table flowrun_journal.fingerprints (
  host text not null, folder bytea not null, name bytea not null, size bigint not null,
  mtime_ns bigint not null, ctime_ns bigint not null, inode bigint not null, fingerprint text not null,
  primary key (host, folder, name));
)sql";

/// Step i leads from version i to version i + 1. Never change one that was released: add another.
constexpr std::array kSteps{kStep1};

/// 0 where there is no journal.
std::int64_t version_of(Connection& connection) {
  // Not to_regclass(): within a transaction it may answer from a cache of before the wait for the
  // lock.
  const auto table = connection.execute(
      "select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = relnamespace "
      "where nspname = 'flowrun_journal' and relname = 'version'");
  if (table.rows() == 0) return 0;
  const auto row = connection.execute("select number from flowrun_journal.version");
  return row.rows() == 0 ? 0 : row.int64(0, 0);
}

void make_steps(Connection& connection, std::int64_t version) {
  if (version == 0) {
    // Where the schema is there, made by somebody with more rights, none to make it are needed.
    const auto schema =
        connection.execute("select from pg_catalog.pg_namespace where nspname = 'flowrun_journal'");
    if (schema.rows() == 0) {
      connection.execute("create schema flowrun_journal");
    }
    connection.execute("create table flowrun_journal.version (number bigint not null)");
    connection.execute("insert into flowrun_journal.version values (0)");
  }
  for (auto step = static_cast<std::size_t>(version); step < kSteps.size(); ++step) {
    connection.execute_all(kSteps[step]);
  }
  connection.execute("update flowrun_journal.version set number = $1::bigint",
                     {std::to_string(kSteps.size())});
}

void refuse_newer(const JournalServer& server, std::int64_t version) {
  if (version <= static_cast<std::int64_t>(kSteps.size())) return;
  throw Error(Errc::plan,
              "{}: the journal is of version {} and this flowrun knows {}; use the flowrun that "
              "wrote it, or name another database in [state] url",
              server.shown(), version, kSteps.size());
}

}  // namespace

bool has_journal(JournalServer& server) {
  bool has = false;
  server.perform([&](Connection& connection) { has = version_of(connection) > 0; });
  return has;
}

void migrate_journal(JournalServer& server) {
  std::int64_t version = 0;
  server.perform([&](Connection& connection) { version = version_of(connection); });
  refuse_newer(server, version);
  if (version == static_cast<std::int64_t>(kSteps.size())) return;
  server.transact([&](Connection& connection) {
    connection.execute(kLock);
    // Asked again: another process may have been faster.
    version = version_of(connection);
    refuse_newer(server, version);
    if (version < static_cast<std::int64_t>(kSteps.size())) make_steps(connection, version);
  });
}

}  // namespace flowrun::postgres
