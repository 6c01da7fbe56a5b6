#include <fmt/format.h>

#include <map>

#include "engine/core/error.h"
#include "tests/nodes/sinks/postgres_harness.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace flowrun;
using namespace flowrun::testing;

namespace {

const auto kUpsert = std::pair<std::string, OptionValue>{"mode", value("upsert")};
const auto kAppend = std::pair<std::string, OptionValue>{"mode", value("append")};

std::pair<std::string, OptionValue> key(const std::vector<std::string>& columns) {
  return {"key", list(columns)};
}

}  // namespace

TEST_CASE("a created table holds values of every type as they are") {
  wipe();
  PostgresSinkRun run({.fields = "b bool, i int64, f float64, d decimal(18,4), s string, day date, "
                                 "t timestamp, z timestamptz, x bytes",
                       .options = {kAppend}});
  run.open();
  CHECK(
      run.write(
          run.load("1"),
          R"(true,-9223372036854775808,0.1,12.5,it's,2026-01-31,2026-01-31T10:20:30.5,2026-01-31T10:20:30Z,00ff
                     false,9223372036854775807,inf,-0.0001,"",1969-12-31,1969-12-31T23:59:59.999999,1900-01-01T00:00:00Z,
                     ,,,,,,,,
                     ,,nan,99999999999999.9999,é,,,,)") == "");
  run.sink().close(true);
  CHECK(ask("select * from t") ==
        "t|-9223372036854775808|0.1|12.5000|it's|2026-01-31|2026-01-31 10:20:30.5|2026-01-31 "
        "10:20:30+00|\\x00ff\n"
        "f|9223372036854775807|Infinity|-0.0001||1969-12-31|1969-12-31 23:59:59.999999|1900-01-01 "
        "00:00:00+00|-\n"
        "-|-|-|-|-|-|-|-|-\n"
        "-|-|NaN|99999999999999.9999|é|-|-|-|-\n");
  CHECK(ask("select string_agg(format_type(atttypid, atttypmod), ',' order by attnum) from "
            "pg_attribute where attrelid = 't'::regclass and attnum > 0") ==
        "boolean,bigint,double precision,numeric(18,4),text,date,timestamp without time "
        "zone,timestamp with time zone,bytea\n");
}

TEST_CASE("columns of other types get values that fit, and rejects name those that do not") {
  wipe();
  tell(
      "create type mood as enum ('calm', 'wild'); create domain low as int check (value < 10);"
      "create table t (i2 smallint, i4 low, n numeric(6,2), r real, v varchar(3), j jsonb, js "
      "json, "
      "u uuid, m mood, a text[], ip inet, d date, c text)");
  PostgresSinkRun run(
      {.fields = "i2 int64, i4 int64, n decimal(12,3), r float64, v string, j string, js string, u "
                 "string, m string, a string, ip string, d date, c int64",
       .options = {kAppend, {"create", value(false)}}});
  run.open();
  const auto rejects = run.prepare(
      run.load("1"),
      R"(1,2,12.340,0.5,abc,"{""a"": [1]}","{""b"" :2}",A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11,wild,"{x,""y z""}",10.0.0.1/8,2026-01-31,7
         40000,2,1.000,1,a,{},{},,calm,{},::1,,
         1,12,1.000,1,a,{},{},,calm,{},::1,,
         1,2,12.345,1,a,{},{},,calm,{},::1,,
         1,2,12345.000,1,a,{},{},,calm,{},::1,,
         1,2,1.000,1e300,a,{},{},,calm,{},::1,,
         1,2,1.000,1,abcd,{},{},,calm,{},::1,,
         1,2,1.000,1,a,{,{},,calm,{},::1,,
         1,2,1.000,1,a,{},{},nonsense,calm,{},::1,,
         1,2,1.000,1,a,{},{},,angry,{},::1,,
         1,2,1.000,1,a,{},{},,calm,x,::1,,
         1,2,1.000,1,a,{},{},,calm,{},::1::2,,)");
  run.sink().commit(run.load("1"));
  std::map<std::uint64_t, std::string> reasons;
  for (const auto& reject : rejects) reasons[reject.ordinal] = reject.column + ": " + reject.reason;
  REQUIRE(reasons.size() == 11);
  CHECK(reasons[1] == "i2: does not fit smallint");
  CHECK(reasons[2] ==
        ": value for domain low violates check constraint \"low_check\" (SQLSTATE 23514)");
  CHECK(reasons[3] == "n: does not fit numeric(6,2)");
  CHECK(reasons[4] == "n: does not fit numeric(6,2)");
  CHECK(reasons[5] == "r: does not fit real");
  CHECK(reasons[6] == ": value too long for type character varying(3) (SQLSTATE 22001)");
  CHECK(reasons[7] == ": invalid input syntax for type json (SQLSTATE 22P02)");
  CHECK(reasons[8] == "u: is no uuid");
  CHECK(reasons[9] == ": invalid input value for enum mood: \"angry\" (SQLSTATE 22P02)");
  CHECK_THAT(reasons[10], ContainsSubstring("malformed array literal: \"x\""));
  CHECK_THAT(reasons[11], ContainsSubstring("invalid input syntax for type inet"));
  CHECK(ask("select * from t") ==
        "1|2|12.34|0.5|abc|{\"a\": [1]}|{\"b\" "
        ":2}|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|wild|{x,\"y z\"}|10.0.0.1/8|2026-01-31|7\n");
  CHECK(ask("select rows from flowrun.coverage") == "1\n");
}

TEST_CASE("append adds, and a second unit adds more") {
  wipe();
  PostgresSinkRun run({.fields = "k string, v int64", .options = {kAppend}});
  CHECK_FALSE(run.facts().idempotent);
  CHECK(run.facts().target.find("not") == std::string::npos);  // the password begins so
  CHECK(run.facts().target.ends_with("/tests#t"));
  CHECK(run.facts().transaction.find("secret") == std::string::npos);
  run.open();
  CHECK(run.write(run.load("1"), "a,1\nb,2") == "");
  CHECK(run.write(run.load("2"), "a,3") == "");
  CHECK(ask("select * from t") == "a|1\nb|2\na|3\n");
  CHECK(run.sink().covered(run.context()).size() == 2);
  CHECK_THAT(run.logged(), ContainsSubstring("public.t: 2 rows by COPY straight into the table"));
}

TEST_CASE("upsert updates the columns that arrive and leaves the others") {
  wipe();
  tell(
      "create table t (k text primary key, v real, other text); insert into t values ('a', 1, "
      "'kept'), ('z', 9, 'far'), ('same', 5, 'x')");
  PostgresSinkRun run({.fields = "k string, v float64",
                       .options = {kUpsert, key({"k"}), {"create", value(false)}}});
  CHECK(run.facts().idempotent);
  CHECK(run.facts().key == std::vector<std::string>{"k"});
  run.open();
  const auto before = ask("select ctid from t where k = 'same'");
  CHECK(run.write(run.window(0, 100), "a,2.5\nb,3\nb,4\nsame,5") == "");
  CHECK(ask("select * from t order by k") == "a|2.5|kept\nb|4|-\nsame|5|x\nz|9|far\n");
  CHECK(ask("select ctid from t where k = 'same'") == before);  // not written anew
}

TEST_CASE("rows of one key count by their order, however the batches came") {
  wipe();
  PostgresSinkRun run({.fields = "k string, v int64", .options = {kUpsert, key({"k"})}});
  run.open();
  const auto unit = run.window(0, 100);
  CHECK(run.prepare_batches(unit, {batch_of("k string, v int64", "a,3\nb,30", 20),
                                   batch_of("k string, v int64", "a,1\nb,10", 0),
                                   batch_of("k string, v int64", "a,2\nb,20", 10)})
            .empty());
  run.sink().commit(unit);
  CHECK(ask("select * from t order by k") == "a|3\nb|30\n");
}

TEST_CASE("rule 16: nulls keep or write, by option, else by what a pivot made") {
  const auto after = [&](BindFake::Given options, std::vector<bool> sparse) {
    wipe();
    options.push_back(kUpsert);
    options.push_back(key({"k"}));
    PostgresSinkRun run({.fields = "k string, a float64, b float64",
                         .options = std::move(options),
                         .sparse = std::move(sparse)});
    run.open();
    run.write(run.window(0, 100), "x,1,2");
    run.write(run.window(100, 200), "x,,");
    run.write(run.window(200, 300), "y,1,\ny,,2\nz,3,4\nz,,");  // twice in one unit
    return ask("select * from t order by k");
  };
  CHECK(after({}, {}) == "x|-|-\ny|-|2\nz|-|-\n");
  CHECK(after({}, {false, true, false}) == "x|1|-\ny|1|2\nz|3|-\n");
  CHECK(after({{"nulls", value("keep")}}, {}) == "x|1|2\ny|1|2\nz|3|4\n");
  CHECK(after({{"nulls", value("write")}}, {false, true, true}) == "x|-|-\ny|-|2\nz|-|-\n");
}

TEST_CASE("rule 16: prefer = stored fills what is empty and changes nothing else") {
  wipe();
  PostgresSinkRun run({.fields = "k string, a float64, b float64",
                       .options = {kUpsert, key({"k"}), {"prefer", value("stored")}}});
  run.open();
  run.write(run.window(0, 100), "x,1,\ny,,2\nz,3,3");
  run.write(run.window(100, 200), "x,9,9\ny,9,\nz,,\nw,4,4");
  CHECK(ask("select * from t order by k") == "w|4|4\nx|1|9\ny|9|2\nz|3|3\n");
  CHECK(
      bind_problems(
          {.fields = "k string, a int64",
           .options = {kUpsert, key({"k"}), {"prefer", value("stored")}, {"version", value("a")}}})
          .find("conflicting-options") != std::string::npos);
}

TEST_CASE("rule 15: with a version, an older row never overwrites a newer one") {
  const auto after = [&](const std::string& type, const std::vector<std::string>& units) {
    wipe();
    PostgresSinkRun run({.fields = "k string, v string, at " + type,
                         .options = {kUpsert, key({"k"}), {"version", value("at")}}});
    CHECK(run.facts().versioned);
    run.open();
    Micros from = 0;
    for (const auto& rows : units) run.write(run.window(from, from + 1), rows), ++from;
    return ask("select v from t");
  };
  CHECK(after("int64", {"x,new,10", "x,old,9"}) == "new\n");
  CHECK(after("int64", {"x,first,10", "x,same,10"}) == "same\n");
  CHECK(after("int64", {"x,none,", "x,some,1"}) == "some\n");
  CHECK(after("int64", {"x,some,1", "x,none,"}) == "some\n");
  CHECK(after("int64", {"x,new,10\nx,old,9"}) == "new\n");
  CHECK(after("decimal(10,2)", {"x,new,10.25", "x,old,9.5"}) == "new\n");
  CHECK(after("timestamptz", {"x,old,2026-01-01T00:00:00Z", "x,new,2026-01-01T00:00:00.5Z"}) ==
        "new\n");
}

TEST_CASE("insert_new leaves what is there, and takes the first of several") {
  wipe();
  PostgresSinkRun run(
      {.fields = "k string, v int64", .options = {{"mode", value("insert_new")}, key({"k"})}});
  run.open();
  CHECK(run.write(run.window(0, 100), "a,1\na,2") == "");
  CHECK(run.write(run.window(100, 200), "a,3\nb,4") == "");
  CHECK(ask("select * from t order by k") == "a|1\nb|4\n");
}

TEST_CASE("delete_insert replaces whole rows, and only where every column arrives") {
  wipe();
  tell("create table t (k text primary key, v int, w int); insert into t values ('a', 1, 1)");
  const PostgresSinkSetup whole{.fields = "k string, v int64, w int64",
                                .options = {kUpsert, key({"k"}), {"plan", value("delete_insert")}}};
  PostgresSinkRun run(whole);
  run.open();
  CHECK(run.write(run.window(0, 100), "a,2,\nb,3,4\nb,5,6") == "");
  CHECK(ask("select * from t order by k") == "a|2|-\nb|5|6\n");
  auto part = whole;
  part.fields = "k string, v int64";
  part.sink = "part";
  PostgresSinkRun some(part);
  CHECK_THROWS_WITH(some.open(), ContainsSubstring("column \"w\"") && ContainsSubstring("lost"));
}

TEST_CASE("replace by window deletes what the table holds of it, and nothing else") {
  wipe();
  PostgresSinkRun run(
      {.fields = "t timestamp, v int64", .options = {{"mode", value("replace")}}, .window = "t"});
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
  CHECK(ask("select * from t order by t") ==
        "1970-01-01 00:20:00|20\n1970-01-01 01:00:00|3\n-|40\n");
  CHECK(ask("select count(*) from pg_indexes where tablename = 't'") == "1\n");
}

TEST_CASE("replace without windows empties the table in the transaction that fills it") {
  wipe();
  tell("create table t (v bigint); insert into t values (-1), (-2)");
  const PostgresSinkSetup setup{.fields = "v int64", .options = {{"mode", value("replace")}}};
  {
    PostgresSinkRun run(setup);
    CHECK(run.facts().whole_table);
    const auto steps = run.sink().steps(run.context());
    REQUIRE(steps.size() == 2);
    CHECK(steps[0].destructive);
    CHECK_FALSE(steps[1].destructive);
    run.open();
    CHECK(run.prepare(run.load("1"), "1\n2\n3").empty());
    CHECK(ask("select * from t") == "-1\n-2\n");
    run.sink().commit(run.load("1"));
    CHECK(ask("select * from t") == "1\n2\n3\n");
    run.sink().close(true);
  }
  PostgresSinkRun run(setup);
  run.open();
  run.write(run.load("2"), "7");
  CHECK(ask("select * from t") == "7\n");
  // The first load's rows are gone, so it is not covered any more.
  REQUIRE(run.sink().covered(run.context()).size() == 1);
  CHECK(run.sink().covered(run.context())[0].id == "2");
}

TEST_CASE("SQL before and after a run") {
  wipe();
  PostgresSinkRun run({.fields = "v int64",
                       .options = {kAppend,
                                   {"table", value("fresh.t")},
                                   {"before", list({"create schema if not exists fresh"})},
                                   {"after", list({"create table if not exists done ()",
                                                   "insert into done default values"})}}});
  tell("drop schema if exists fresh cascade");
  CHECK(run.sink().steps(run.context()).size() == 5);
  run.open();
  run.write(run.load("1"), "1");
  run.sink().close(false);
  CHECK(ask("select to_regclass('done')") == "-\n");
  run.sink().close(true);
  CHECK(ask("select count(*) from fresh.t, done") == "1\n");
}
