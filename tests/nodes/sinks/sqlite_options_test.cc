#include <fmt/format.h>

#include <filesystem>

#include "engine/core/error.h"
#include "tests/nodes/sinks/sqlite_harness.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using namespace flowrun;
using namespace flowrun::testing;

namespace {

std::string problems(const std::string& fields, BindFake::Given options,
                     const std::string& window = "") {
  return bind_problems(
      {.path = "/nowhere/a.db", .fields = fields, .options = std::move(options), .window = window});
}

}  // namespace

TEST_CASE("options that do not fit together are said at plan time") {
  const auto append = std::pair<std::string, OptionValue>{"mode", value("append")};
  const auto upsert = std::pair<std::string, OptionValue>{"mode", value("upsert")};
  const auto replace = std::pair<std::string, OptionValue>{"mode", value("replace")};
  CHECK_THAT(problems("a int64", {upsert}),
             StartsWith("error missing-key: mode \"upsert\" needs a key"));
  CHECK_THAT(problems("a int64", {{"mode", value("insert_new")}}), StartsWith("error missing-key"));
  CHECK_THAT(problems("a int64", {append, {"nulls", value("keep")}}),
             StartsWith("error option-without-effect: \"nulls\""));
  CHECK_THAT(problems("a int64", {append, {"version", value("a")}}),
             StartsWith("error option-without-effect: \"version\""));
  CHECK_THAT(
      problems("a int64, d decimal(9,2)", {upsert, {"key", list({"a"})}, {"version", value("d")}}),
      StartsWith("error bad-version"));
  CHECK_THAT(problems("a int64", {append, {"table", value("sqlite_x")}}),
             StartsWith("error bad-table"));
  CHECK_THAT(problems("a int64", {append, {"table", value("flowrun_coverage")}}),
             StartsWith("error bad-table"));
  CHECK_THAT(problems("a int64", {append, {"path", value("-")}}), StartsWith("error bad-path"));
  CHECK_THAT(problems("Name string, nAME string", {append}),
             StartsWith("error same-column: columns \"Name\" and \"nAME\" are one to SQLite"));
  CHECK_THAT(problems("a int64", {replace}, "t"), StartsWith("error no-window-column"));
  CHECK_THAT(problems("t string", {replace}, "t"), StartsWith("error bad-window-column"));
  CHECK(problems("t date", {replace}, "t") == "");
  CHECK(problems("a int64", {replace}) == "");
}

TEST_CASE("more columns than SQLite has are said at plan time") {
  std::string fields = "a int64";
  for (int i = 1; i < 2000; ++i) fields += fmt::format(", c{} int64", i);
  CHECK(problems(fields, {{"mode", value("append")}}) == "");
  CHECK_THAT(
      problems(fields + ", z int64", {{"mode", value("append")}}),
      StartsWith(
          "error too-many-columns: an SQLite table has at most 2000 columns; the input has 2001"));
}

TEST_CASE("steps show the statements and touch nothing") {
  const TempFolder folder;
  SqliteSinkRun run({.path = folder / "a.db",
                     .fields = "k string, v float64",
                     .options = {{"mode", value("upsert")}, {"key", list({"k"})}}});
  const auto steps = run.sink().steps(run.context());
  REQUIRE(steps.size() == 1);
  CHECK(steps[0].text ==
        "create table \"t\" (\"k\" text not null, \"v\" real, primary key (\"k\")) without rowid");
  CHECK_FALSE(steps[0].destructive);
  CHECK(run.sink().covered(run.context()).empty());
  CHECK(run.sink().epoch(run.context()) == 0);
  CHECK_FALSE(std::filesystem::exists(folder / "a.db"));
  run.open();
  CHECK(run.sink().steps(run.context()).empty());
}

TEST_CASE(
    "without create, a missing database or table is an error that says so, and stays missing") {
  const TempFolder folder;
  const SqliteSinkSetup setup{.path = folder / "a.db",
                              .fields = "k string",
                              .options = {{"mode", value("append")}, {"create", value(false)}}};
  try {
    SqliteSinkRun(setup).open();
    FAIL("opened");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::plan);
    CHECK_THAT(error.what(),
               ContainsSubstring("no database") && ContainsSubstring("create = true"));
  }
  CHECK_FALSE(std::filesystem::exists(folder / "a.db"));
  sqlite::Connection(folder / "a.db", sqlite::OpenMode::create).execute("create table other (a)");
  SqliteSinkRun run(setup);
  CHECK_THROWS_WITH(run.sink().steps(run.context()), ContainsSubstring("no table \"t\""));
  CHECK_THROWS_WITH(run.open(), ContainsSubstring("no table \"t\""));
}

TEST_CASE("evolve adds the columns that arrive") {
  const TempFolder folder;
  sqlite::Connection(folder / "a.db", sqlite::OpenMode::create)
      .execute("create table t (k text primary key); insert into t values ('old')");
  SqliteSinkRun run(
      {.path = folder / "a.db",
       .fields = "k string, v float64",
       .options = {
           {"mode", value("upsert")}, {"key", list({"k"})}, {"evolve", value("add_columns")}}});
  run.open();
  run.write(run.window(0, 100), "new,1");
  CHECK(query(folder / "a.db", "select * from t order by k") == "new|1.0\nold|-\n");
}

TEST_CASE("the example of the option table can be read and every option has help") {
  const auto type = nodes::sqlite_sink();
  CHECK(type.spec.name == "sqlite");
  CHECK(type.spec.kind == NodeKind::sink);
  CHECK_THAT(type.spec.example, StartsWith("[sinks."));
  for (const auto& option : type.spec.options) {
    CHECK_FALSE(option.help.empty());
    CHECK_FALSE(option.example.empty());
  }
}
