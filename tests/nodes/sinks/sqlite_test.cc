#include "tests/nodes/sinks/sqlite_harness.h"

#include <fmt/format.h>

#include <filesystem>

#include "engine/core/error.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace flowrun;
using namespace flowrun::testing;

namespace {

const auto kUpsert = std::pair<std::string, OptionValue>{"mode", value("upsert")};

std::pair<std::string, OptionValue> key(const std::vector<std::string>& columns) {
  return {"key", list(columns)};
}

}  // namespace

TEST_CASE("values of every type are stored as the notes say") {
  const TempFolder folder;
  SqliteSinkRun run(
      {.path = folder / "a.db",
       .fields = "b bool, i int64, f float64, d decimal(18,4), s string, day date, t timestamp, "
                 "z timestamptz, x bytes",
       .options = {{"mode", value("append")}}});
  run.open();
  CHECK(
      run.write(
          run.load("1"),
          R"(true,-9223372036854775808,0.1,12.5,it's,2026-01-31,2026-01-31T10:20:30.5,2026-01-31T10:20:30Z,00ff
                                    false,9223372036854775807,inf,-0.0001,"",1969-12-31,1969-12-31T23:59:59.999999,1900-01-01T00:00:00Z,
                                    ,,,,,,,,
                                    ,,nan,,é,,,,)") == "");
  run.sink().close(true);
  CHECK(query(folder / "a.db", "select b,i,f,d,s,day,t,z,hex(x) from t") ==
        "1|-9223372036854775808|0.1|12.5000|it's|2026-01-31|2026-01-31T10:20:30.5|2026-01-31T10:20:"
        "30Z|00FF\n"
        "0|9223372036854775807|Inf|-0.0001||1969-12-31|1969-12-31T23:59:59.999999|1900-01-01T00:00:"
        "00Z|\n"
        "-|-|-|-|-|-|-|-|\n"
        "-|-|-|-|é|-|-|-|\n");
  CHECK(query(folder / "a.db",
              "select "
              "typeof(b),typeof(i),typeof(f),typeof(d),typeof(s),typeof(day),typeof(t),typeof(z),"
              "typeof(x) from t limit 1") ==
        "integer|integer|real|text|text|text|text|text|blob\n");
}

TEST_CASE("append adds, and a second unit adds more") {
  const TempFolder folder;
  SqliteSinkRun run({.path = folder / "a.db",
                     .fields = "k string, v int64",
                     .options = {{"mode", value("append")}}});
  CHECK_FALSE(run.facts().idempotent);
  CHECK(run.facts().target == folder / "a.db#t");
  CHECK(run.facts().transaction == "sqlite:" + folder / "a.db");
  CHECK(run.facts().key.empty());
  run.open();
  CHECK(run.write(run.load("1"), "a,1\nb,2") == "");
  CHECK(run.write(run.load("2"), "a,3") == "");
  CHECK(query(folder / "a.db", "select * from t") == "a|1\nb|2\na|3\n");
  CHECK(run.sink().covered(run.context()).size() == 2);
}

TEST_CASE("upsert updates the columns that arrive and leaves the others") {
  const TempFolder folder;
  sqlite::Connection(folder / "a.db", sqlite::OpenMode::create)
      .execute(
          "create table t (k text primary key, v real, other text); insert into t values ('a', 1, "
          "'kept'), "
          "('z', 9, 'far')");
  SqliteSinkRun run({.path = folder / "a.db",
                     .fields = "k string, v float64",
                     .options = {kUpsert, key({"k"}), {"create", value(false)}}});
  CHECK(run.facts().idempotent);
  CHECK(run.facts().key == std::vector<std::string>{"k"});
  run.open();
  CHECK(run.write(run.window(0, 100), "a,2.5\nb,3\nb,4") == "");
  CHECK(query(folder / "a.db", "select * from t order by k") == "a|2.5|kept\nb|4.0|-\nz|9.0|far\n");
}

TEST_CASE("rows of one key go in by their order, however the batches came") {
  const TempFolder folder;
  SqliteSinkRun run(
      {.path = folder / "a.db", .fields = "k string, v int64", .options = {kUpsert, key({"k"})}});
  run.open();
  const auto unit = run.window(0, 100);
  run.sink().begin(unit);
  run.sink().write(unit, run.sink().encode(batch_of("k string, v int64", "a,3\nb,30", 20)));
  run.sink().write(unit, run.sink().encode(batch_of("k string, v int64", "a,1\nb,10", 0)));
  run.sink().write(unit, run.sink().encode(batch_of("k string, v int64", "a,2\nb,20", 10)));
  CHECK(run.apply(unit, run.marker(unit)).empty());
  run.sink().commit(unit);
  CHECK(query(folder / "a.db", "select * from t order by k") == "a|3\nb|30\n");
}

TEST_CASE("rule 16: nulls keep or write, by option, else by what a pivot made") {
  const TempFolder folder;
  const auto after = [&](const std::string& file, BindFake::Given options,
                         std::vector<bool> sparse) {
    options.push_back(kUpsert);
    options.push_back(key({"k"}));
    SqliteSinkRun run({.path = folder / file,
                       .fields = "k string, a float64, b float64",
                       .options = std::move(options),
                       .sparse = std::move(sparse)});
    run.open();
    run.write(run.window(0, 100), "x,1,2");
    run.write(run.window(100, 200), "x,,");
    return query(folder / file, "select * from t");
  };
  CHECK(after("1", {}, {}) == "x|-|-\n");
  CHECK(after("2", {}, {false, true, false}) == "x|1.0|-\n");
  CHECK(after("3", {{"nulls", value("keep")}}, {}) == "x|1.0|2.0\n");
  CHECK(after("4", {{"nulls", value("write")}}, {false, true, true}) == "x|-|-\n");
}

TEST_CASE("rule 15: with a version, an older row never overwrites a newer one") {
  const TempFolder folder;
  const auto after = [&](const std::string& file, const std::string& type,
                         const std::vector<std::string>& rows) {
    SqliteSinkRun run({.path = folder / file,
                       .fields = "k string, v string, at " + type,
                       .options = {kUpsert, key({"k"}), {"version", value("at")}}});
    CHECK(run.facts().versioned);
    run.open();
    Micros from = 0;
    for (const auto& row : rows) run.write(run.window(from, from + 1), row), ++from;
    return query(folder / file, "select v from t");
  };
  CHECK(after("1", "int64", {"x,new,10", "x,old,9"}) == "new\n");
  CHECK(after("2", "int64", {"x,first,10", "x,same,10"}) == "same\n");
  CHECK(after("3", "int64", {"x,none,", "x,some,1"}) == "some\n");
  CHECK(after("4", "int64", {"x,some,1", "x,none,"}) == "some\n");
  CHECK(after("5", "timestamp", {"x,new,2026-01-01T00:00:00.5", "x,old,2026-01-01T00:00:00"}) ==
        "new\n");
  CHECK(after("6", "timestamptz", {"x,new,2026-01-01T00:00:00.5Z", "x,old,2026-01-01T00:00:00Z"}) ==
        "new\n");
  CHECK(after("7", "timestamptz", {"x,old,2026-01-01T00:00:00Z", "x,new,2026-01-01T00:00:00.5Z"}) ==
        "new\n");
  CHECK(after("8", "float64", {"x,old,9.5", "x,new,10.25"}) == "new\n");
}

TEST_CASE("insert_new leaves what is there") {
  const TempFolder folder;
  SqliteSinkRun run({.path = folder / "a.db",
                     .fields = "k string, v int64",
                     .options = {{"mode", value("insert_new")}, key({"k"})}});
  run.open();
  CHECK(run.write(run.window(0, 100), "a,1\na,2") == "");
  CHECK(run.write(run.window(100, 200), "a,3\nb,4") == "");
  CHECK(query(folder / "a.db", "select * from t order by k") == "a|1\nb|4\n");
}

TEST_CASE("replace by window deletes what the table holds of it, and nothing else") {
  const TempFolder folder;
  SqliteSinkRun run({.path = folder / "a.db",
                     .fields = "t timestamp, v int64",
                     .options = {{"mode", value("replace")}},
                     .window = "t"});
  CHECK(run.facts().replaces_by_unit);
  CHECK_FALSE(run.facts().whole_table);
  run.open();
  run.write(run.window(0, kHour), "1970-01-01T00:10:00,1\n1970-01-01T00:20:00,2");
  run.write(run.window(kHour, 2 * kHour), "1970-01-01T01:00:00,3");
  Unit unplaced = run.window(0, 0);
  unplaced.kind = UnitKind::unplaced;
  unplaced.id = "unplaced";
  unplaced.index = 99;
  run.write(unplaced, ",4");
  run.write(run.window(0, kHour), "1970-01-01T00:20:00,20", 1);
  run.write(unplaced, ",40", 1);
  CHECK(query(folder / "a.db", "select * from t order by t") ==
        "-|40\n1970-01-01T00:20:00|20\n1970-01-01T01:00:00|3\n");
  CHECK(query(folder / "a.db",
              "select name from sqlite_schema where type = 'index' and tbl_name = 't'") ==
        "t_by_t\n");
}

TEST_CASE("replace without windows empties the table in the transaction that fills it") {
  const TempFolder folder;
  sqlite::Connection(folder / "a.db", sqlite::OpenMode::create)
      .execute(
          "pragma journal_mode = wal; create table t (v integer); insert into t values (-1), (-2)");
  const SqliteSinkSetup setup{
      .path = folder / "a.db", .fields = "v int64", .options = {{"mode", value("replace")}}};
  {
    SqliteSinkRun run(setup);
    CHECK(run.facts().whole_table);
    const auto steps = run.sink().steps(run.context());
    REQUIRE(steps.size() == 1);
    CHECK(steps[0].destructive);
    run.open();
    CHECK(run.prepare(run.load("1"), "1\n2\n3").empty());
    CHECK(query(folder / "a.db", "select * from t") == "-1\n-2\n");
    run.sink().commit(run.load("1"));
    CHECK(query(folder / "a.db", "select * from t") == "1\n2\n3\n");
    run.sink().close(true);
  }
  SqliteSinkRun run(setup);
  run.open();
  run.write(run.load("2"), "7");
  CHECK(query(folder / "a.db", "select * from t") == "7\n");
  // The first load's rows are gone, so it is not covered any more.
  REQUIRE(run.sink().covered(run.context()).size() == 1);
  CHECK(run.sink().covered(run.context())[0].id == "2");
}

TEST_CASE("a row that SQLite refuses is a reject, and the others go in") {
  const TempFolder folder;
  sqlite::Connection(folder / "a.db", sqlite::OpenMode::create)
      .execute("create table t (k text primary key, v real check (v >= 0), w text unique)");
  SqliteSinkRun run({.path = folder / "a.db",
                     .fields = "k string, v float64, w string",
                     .options = {kUpsert, key({"k"}), {"create", value(false)}}});
  run.open();
  std::string rows;
  for (int i = 0; i < 100; ++i) {
    const bool negative = i == 13 || i == 50;
    rows += fmt::format("k{},{},w{}\n", i, negative ? -1 : 1, i == 77 ? 3 : i);
  }
  rows += ",5,none\n";
  const auto unit = run.window(0, 100);
  const auto rejects = run.prepare(unit, rows);
  run.sink().commit(unit);
  REQUIRE(rejects.size() == 4);
  CHECK(rejects[0].reason == "CHECK constraint failed: v >= 0");
  CHECK(rejects[0].record == R"({"k":"k13","v":-1,"w":"w13"})");
  CHECK(rejects[0].ordinal == 13);
  CHECK(rejects[1].ordinal == 50);
  CHECK(rejects[2].reason == "UNIQUE constraint failed: t.w");
  CHECK(rejects[2].ordinal == 77);
  CHECK(rejects[3].reason == "key column is null");
  CHECK(rejects[3].column == "k");
  CHECK(query(folder / "a.db", "select count(*), sum(v) from t") == "97|97.0\n");
  CHECK(run.sink().covered(run.context()).at(0).rows == 97);
}

TEST_CASE("a table that rolls back whole transactions ends the run instead of losing rows") {
  const TempFolder folder;
  sqlite::Connection(folder / "a.db", sqlite::OpenMode::create)
      .execute("create table t (k text, v integer not null on conflict rollback)");
  SqliteSinkRun run({.path = folder / "a.db",
                     .fields = "k string, v int64",
                     .options = {{"mode", value("append")}}});
  run.open();
  const auto unit = run.load("1");
  CHECK_THROWS_WITH(run.prepare(unit, "a,1\nb,\nc,2"), ContainsSubstring("ON CONFLICT ROLLBACK"));
  run.sink().abort(unit);
  CHECK(query(folder / "a.db", "select count(*) from t") == "0\n");
  CHECK(run.sink().covered(run.context()).empty());
}

TEST_CASE("a thousand columns and repeated dictionary keys go in whole") {
  const TempFolder folder;
  std::string fields = "k string, t timestamp";
  std::string row = "ship,2026-01-01T00:00:00";
  for (int i = 0; i < 1000; ++i) {
    fields += fmt::format(", c{} float64", i);
    row += i % 3 == 0 ? "," : fmt::format(",{}", i);
  }
  SqliteSinkRun run(
      {.path = folder / "a.db", .fields = fields, .options = {kUpsert, key({"k", "t"})}});
  run.open();
  const auto unit = run.window(0, 100);
  run.sink().begin(unit);
  const auto batch = batch_of(fields, row);
  run.sink().write(unit, run.sink().encode(with_dictionary(*batch, "k", 7)));
  CHECK(run.apply(unit, run.marker(unit)).empty());
  run.sink().commit(unit);
  CHECK(query(folder / "a.db", "select k, t, c0, c1, c999, c998 from t") ==
        "ship|2026-01-01T00:00:00|-|1.0|-|998.0\n");
}
