#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "engine/core/error.h"
#include "engine/data/builder.h"
#include "tests/nodes/postgres/server.h"
#include "tests/nodes/sinks/postgres_harness.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace flowrun;
using namespace flowrun::testing;

namespace {

const auto kUpsert = std::pair<std::string, OptionValue>{"mode", value("upsert")};
const auto kAppend = std::pair<std::string, OptionValue>{"mode", value("append")};
const auto kThere = std::pair<std::string, OptionValue>{"create", value(false)};

std::pair<std::string, OptionValue> key(const std::vector<std::string>& columns) {
  return {"key", list(columns)};
}

/// `count` rows "k<i>,<value>", the value of those that `is_bad` takes is -1.
std::vector<BatchRef> rows_with(std::int64_t count, std::int64_t every, std::int64_t at) {
  std::vector<BatchRef> batches;
  for (std::int64_t from = 0; from < count; from += 10'000) {
    BatchBuilder builder(schema_of("k int64, v float64"));
    for (auto i = from; i < std::min(count, from + 10'000); ++i) {
      builder.column(0).append_int64(i);
      builder.column(1).append_float64(i % every == at ? -1 : 1);
      builder.end_row(static_cast<std::uint64_t>(i));
    }
    batches.push_back(builder.finish());
  }
  return batches;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

TEST_CASE("a row that PostgreSQL refuses is a reject, and the others go in") {
  for (const char* mode : {"append", "upsert", "insert_new"}) {
    CAPTURE(mode);
    wipe();
    tell("create table t (k text primary key, v float8 not null check (v >= 0), w text unique)");
    BindFake::Given options{{"mode", value(mode)}, kThere};
    if (std::string(mode) != "append") options.push_back(key({"k"}));
    PostgresSinkRun run({.fields = "k string, v float64, w string", .options = options});
    run.open();
    std::string rows;
    for (int i = 0; i < 100; ++i) {
      const bool negative = i == 13 || i == 50;
      rows += fmt::format("k{},{},w{}\n", i, negative ? "-1" : i == 60 ? "" : "1", i == 77 ? 3 : i);
    }
    rows += ",5,none\n";
    const auto unit = run.window(0, 100);
    auto rejects = run.prepare(unit, rows);
    run.sink().commit(unit);
    std::sort(rejects.begin(), rejects.end(),
              [](const auto& a, const auto& b) { return a.ordinal < b.ordinal; });
    REQUIRE(rejects.size() == 5);
    CHECK(rejects[0].reason ==
          "new row for relation \"t\" violates check constraint \"t_v_check\" (SQLSTATE 23514)");
    CHECK(rejects[0].record == R"({"k":"k13","v":-1,"w":"w13"})");
    CHECK(rejects[0].ordinal == 13);
    CHECK(rejects[1].ordinal == 50);
    CHECK(rejects[2].column == "v");
    CHECK(rejects[2].reason == "is null, and the column takes none");
    CHECK(
        rejects[3].reason ==
        "duplicate key value violates unique constraint \"t_w_key\": Key (w)=(w3) already exists. "
        "(SQLSTATE 23505)");
    CHECK(rejects[3].ordinal == 77);
    CHECK(rejects[4].column == "k");
    CHECK(ask("select count(*), sum(v) from t") == "96|96\n");
    CHECK(run.sink().covered(run.context()).at(0).rows == 96);
  }
}

TEST_CASE("one bad row in a hundred thousand, and a thousand, cost seconds") {
  for (const std::int64_t every : {100'000, 100}) {
    for (const bool upsert : {false, true}) {
      wipe();
      tell("create table t (k bigint primary key, v float8 check (v >= 0))");
      BindFake::Given options{upsert ? kUpsert : kAppend, kThere};
      if (upsert) {
        options.push_back(key({"k"}));
        tell("insert into t select g, 7 from generate_series(0, 49999) g");
      }
      PostgresSinkRun run({.fields = "k int64, v float64", .options = options});
      run.open();
      const auto unit = run.load("1");
      const auto start = std::chrono::steady_clock::now();
      const auto rejects = run.prepare_batches(unit, rows_with(100'000, every, 57));
      run.sink().commit(unit);
      CHECK(seconds_since(start) < 60);
      WARN(fmt::format("{} bad rows, {}: {:.2f} s", rejects.size(), upsert ? "upsert" : "append",
                       seconds_since(start)));
      CHECK(static_cast<std::int64_t>(rejects.size()) == 100'000 / every);
      CHECK(rejects.at(0).ordinal == 57);
      CHECK(ask("select count(*) from t where v = 1") ==
            fmt::format("{}\n", 100'000 - 100'000 / every));
    }
  }
}

TEST_CASE("text that PostgreSQL cannot store is a reject") {
  wipe();
  PostgresSinkRun run({.fields = "i int64, s string", .options = {kAppend}});
  run.open();
  BatchBuilder builder(schema_of("i int64, s string"));
  const std::vector<std::string> texts{
      "fine",         std::string("nul\0", 4), "\xC3\xA9",         "\xC0\x80",
      "\xED\xA0\x80", "\xF4\x90\x80\x80",      "\xF4\x8F\xBF\xBF", "cut\xE2\x82",
      "\xFF",         "'; drop table t; --"};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    builder.column(0).append_int64(static_cast<std::int64_t>(i));
    builder.column(1).append_text(texts[i]);
    builder.end_row(i);
  }
  const auto unit = run.load("1");
  const auto rejects = run.prepare_batches(unit, {builder.finish()});
  run.sink().commit(unit);
  std::string ordinals;
  for (const auto& reject : rejects) ordinals += fmt::format("{} ", reject.ordinal);
  CHECK(ordinals == "1 3 4 5 7 8 ");
  CHECK(ask("select string_agg(i::text, ' ' order by i) from t") == "0 2 6 9\n");
}

TEST_CASE("what cannot work is said before a row is sent") {
  const auto problem = [](const std::string& table, const std::string& fields,
                          BindFake::Given options) {
    wipe();
    if (!table.empty()) tell("create table t (" + table + ")");
    PostgresSinkRun run({.fields = fields, .options = std::move(options)});
    try {
      run.open();
    } catch (const Error& error) {
      CHECK(error.code() == Errc::plan);
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK_THAT(problem("a date", "a timestamp", {kAppend}),
             ContainsSubstring("column \"a\" is timestamp, and the column of table public.t is "
                               "date"));
  CHECK_THAT(problem("a int", "a string", {kAppend}), ContainsSubstring("cast it"));
  CHECK_THAT(problem("a int, b int not null", "a int64", {kAppend}),
             ContainsSubstring("column \"b\"") && ContainsSubstring("must not be null"));
  CHECK_THAT(problem("a int, b int generated always as (a + 1) stored", "b int64", {kAppend}),
             ContainsSubstring("generated"));
  CHECK_THAT(problem("a int", "a int64, b int64", {kAppend}),
             ContainsSubstring("lacks 1 column; set evolve = \"add_columns\""));
  CHECK_THAT(problem("a int", "a int64", {kUpsert, key({"a"})}),
             ContainsSubstring("create unique index on \"public\".\"t\" (\"a\")"));
  CHECK_THAT(problem("", "a int64", {kAppend, kThere}), ContainsSubstring("set create = true"));
  CHECK_THAT(problem("", "a int64", {kAppend, {"table", value("gone.t")}}),
             ContainsSubstring("there is no schema \"gone\""));
  std::string many;
  for (int i = 0; i < 1100; ++i) many += fmt::format("{}c{} float64", i == 0 ? "" : ", ", i);
  CHECK_THAT(problem("", many, {kAppend}), ContainsSubstring("takes at least"));
  CHECK(problem("a int", "a int64, b date", {kAppend, {"evolve", value("add_columns")}}).empty());
}

TEST_CASE("a locked table is waited for, and then it is said who has it") {
  wipe();
  tell("create table t (v bigint)");
  PostgresSinkRun run(
      {.fields = "v int64", .options = {kAppend, {"lock_timeout", value("200ms")}}});
  run.open();
  postgres::Connection other(test::postgres_address("somebody"));
  other.begin();
  other.execute("lock table t");
  const auto unit = run.load("1");
  CHECK_THROWS_WITH(run.prepare(unit, "1"), ContainsSubstring("table public.t stayed locked") &&
                                                ContainsSubstring("somebody"));
  run.sink().abort(unit);
  other.roll_back();
  CHECK(run.write(run.load("2"), "1") == "");
  CHECK(ask("select count(*) from t, flowrun.coverage") == "1\n");
}

TEST_CASE("a wait is given up when a stop is asked for") {
  wipe();
  tell("create table t (v bigint)");
  PostgresSinkRun run({.fields = "v int64", .options = {kAppend}});
  std::stop_source stop;
  run.context().stop = stop.get_token();
  run.open();
  postgres::Connection other(test::postgres_address("somebody"));
  other.begin();
  other.execute("lock table t");
  std::jthread asker([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    stop.request_stop();
  });
  CHECK_THROWS_AS(run.prepare(run.load("1"), "1"), Error);
  run.sink().abort(run.load("1"));
}

TEST_CASE("a column that changed its type meanwhile ends the attempt, and nothing of it is there") {
  wipe();
  tell("create table t (v float8)");
  PostgresSinkRun run({.fields = "v float64", .options = {kAppend, kThere}});
  run.open();
  tell("alter table t alter column v type bigint");  // as many bytes: it would be taken
  const auto unit = run.load("1");
  CHECK_THROWS_WITH(run.prepare(unit, "1.5"), ContainsSubstring("was changed"));
  run.sink().abort(unit);
  CHECK(ask("select (select count(*) from t), (select count(*) from flowrun.coverage)") == "0|0\n");
}
