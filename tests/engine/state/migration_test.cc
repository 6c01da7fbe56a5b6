#include <filesystem>
#include <fstream>

#include "engine/core/error.h"
#include "tests/engine/state/state_folder.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace flowrun;
using namespace flowrun::testing;

namespace {

/// A journal of version 1 with something in it, as it was: this text never changes.
constexpr const char* kVersion1 = R"sql(
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
  replaces integer not null, epoch integer not null, run text not null, rows integer not null,
  committed_at integer not null, note text not null);
create index file_coverage_by_unit on file_coverage
  (pipeline, instance, sink, target, prepared, kind, from_us, id);
create table inputs (
  id text not null, name text not null, value text not null, primary key (id, name)) without rowid;
pragma application_id = 1718382455;
pragma user_version = 1;
insert into runs values ('20250101T000000-aaaa', 'p', '', '/p.toml', 'f', 'h', '{}', 1, 'running', '', 2, 0, 1, 'x', 4, '');
insert into leases values ('p', '', 4, null, null, null);
insert into file_coverage values
  (1, 'p', '', 'out', '/out.csv', 'window', 0, 100, '', 0, 'h', 'i', 1, 0, 4, '20250101T000000-aaaa', 10, 3, 'digest');
insert into inputs values ('i', 'a:x.csv', '12ab');
insert into frozen values ('p', 'wide', 'a,b');
)sql";

void make_journal(const StateFolder& state, const std::string& sql) {
  std::filesystem::create_directories(state.folder / ".flowrun");
  sqlite::Connection(state.path(), sqlite::OpenMode::create).execute(sql);
}

}  // namespace

TEST_CASE("a journal of version 1 becomes one of the current version with everything in it") {
  const StateFolder state;
  make_journal(state, kVersion1);
  auto journal = state.open();
  CHECK(state.look().integer("pragma user_version") == 4);
  const auto lease = journal->acquire("p", "");
  CHECK(lease->epoch() == 5);
  CHECK(lease->crashed() == std::vector<std::string>{"20250101T000000-aaaa"});
  CHECK(journal->frozen("p").at("wide") == "a,b");
  const CoverageKey key{.pipeline = "p", .instance = "", .sink = "out", .target = "/out.csv"};
  const auto covered = journal->coverage().load(key);
  REQUIRE(covered.size() == 1);
  CHECK(covered[0].interval == Interval{0, 100});
  CHECK(covered[0].inputs->at("a:x.csv") == "12ab");
  CHECK(journal->coverage().committed(key).at(0).note == "digest");
  std::ofstream(state.folder / "a.csv") << "1";
  CHECK_FALSE(journal->fingerprints().of(state.folder / "a.csv").empty());
}

TEST_CASE("the tables of a new journal are those of a migrated one") {
  const StateFolder old;
  make_journal(old, kVersion1);
  (void)old.open();
  const StateFolder fresh;
  (void)fresh.open();
  const auto* schema =
      "select group_concat(type || ' ' || name || ' ' || tbl_name, x'0a') from (select * from "
      "sqlite_schema order by name)";
  CHECK(old.look().text(schema) == fresh.look().text(schema));
}

TEST_CASE("a journal of a newer flowrun is left alone") {
  const StateFolder state;
  (void)state.open();
  state.look().execute("pragma user_version = 99");
  try {
    (void)state.open();
    FAIL("opened");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::plan);
    CHECK_THAT(error.what(), ContainsSubstring("version 99"));
  }
  CHECK(state.look().integer("pragma user_version") == 99);
}

TEST_CASE("somebody else's database does not become a journal") {
  const StateFolder state;
  make_journal(state, "create table runs (a)");
  CHECK_THROWS_WITH(state.open(), ContainsSubstring("no journal of flowrun"));
  CHECK(state.look().integer("select count(*) from sqlite_schema") == 1);
}
