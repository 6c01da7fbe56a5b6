#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "engine/core/error.h"
#include "tests/nodes/postgres/server.h"
#include "tests/nodes/sinks/postgres_harness.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace flowrun;
using namespace flowrun::testing;

namespace {

PostgresSinkSetup setup_of(const std::string& table = "t", std::int64_t epoch = 1) {
  return {.fields = "k string, v int64",
          .options = {{"mode", value("upsert")}, {"key", list({"k"})}, {"table", value(table)}},
          .sink = "to_" + table,
          .epoch = epoch};
}

std::string windows_of(PostgresSinkRun& run) {
  std::string text;
  for (const auto& entry : run.sink().covered(run.context())) {
    text += fmt::format("{}{}-{}g{}", text.empty() ? "" : " ", entry.interval.from,
                        entry.interval.until, entry.generation);
  }
  return text;
}

}  // namespace

TEST_CASE("rule 1: what a later run reads as covered is what was committed") {
  wipe();
  {
    PostgresSinkRun run(setup_of());
    run.open();
    run.write(run.window(0, 100), "a,1");
    run.write(run.window(100, 200), "b,2");
    run.write(run.window(300, 400), "c,3");
    run.sink().close(true);
  }
  CHECK(ask("select from_us, until_us, rows, target from flowrun.coverage order by 1") ==
        "0|200|2|public.t\n300|400|1|public.t\n");
  PostgresSinkRun next(setup_of("t", 2));
  CHECK(windows_of(next) == "0-200g1 300-400g1");
  CHECK(next.sink().epoch(next.context()) == 1);
  CHECK(*next.sink().covered(next.context())[0].inputs == InputSet{{"a", "b"}});
}

TEST_CASE("rule 1: a dropped table is not covered, and old markers do not come back with it") {
  wipe();
  PostgresSinkRun run(setup_of());
  run.open();
  run.write(run.window(0, 100), "a,1");
  tell("drop table t");
  PostgresSinkRun dropped(setup_of("t", 2));
  CHECK(windows_of(dropped).empty());
  dropped.open();
  CHECK(windows_of(dropped).empty());
  dropped.write(dropped.window(0, 100), "a,1");
  CHECK(windows_of(dropped) == "0-100g1");
}

TEST_CASE("rule 3: a unit planned again replaces its generation and upserts its rows") {
  wipe();
  PostgresSinkRun run(setup_of());
  run.open();
  run.write(run.window(0, 100), "a,1");
  run.write(run.window(0, 100), "a,2\nb,3", 1);
  CHECK(windows_of(run) == "0-100g2");
  CHECK(ask("select * from t order by k") == "a|2\nb|3\n");
}

TEST_CASE("rule 4: a rival fails on the marker, and nothing of it stays") {
  wipe();
  PostgresSinkRun first(setup_of());
  PostgresSinkRun second(setup_of());
  first.open();
  second.open();
  first.write(first.window(0, 100), "a,1");
  const auto unit = second.window(0, 100);
  CHECK_THROWS_WITH(second.prepare(unit, "a,99\nz,1"), ContainsSubstring("committed by run run1"));
  second.sink().abort(unit);
  CHECK(ask("select * from t") == "a|1\n");
  CHECK_THROWS_WITH(second.prepare(second.window(0, 100), "a,99", 7),
                    ContainsSubstring("expected 7"));
}

TEST_CASE("rule 4: a rival waits for the open transaction, then fails") {
  wipe();
  PostgresSinkRun first(setup_of());
  PostgresSinkRun second(setup_of());
  first.open();
  second.open();
  CHECK(first.prepare(first.window(0, 100), "a,1").empty());
  std::atomic<bool> failed = false;
  std::jthread rival([&] {
    try {
      (void)second.prepare(second.window(0, 100), "a,2");
    } catch (const Error& error) {
      failed = error.code() == Errc::lease;
    }
    second.sink().abort(second.window(0, 100));
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK_FALSE(failed);
  first.sink().commit(first.window(0, 100));
  rival.join();
  CHECK(failed);
  CHECK(ask("select * from t") == "a|1\n");
}

TEST_CASE("rule 4: a run whose epoch is over can write nothing more") {
  wipe();
  PostgresSinkRun old_run(setup_of("t", 1));
  PostgresSinkRun new_run(setup_of("t", 2));
  old_run.open();
  new_run.open();
  old_run.write(old_run.window(0, 100), "a,1");
  new_run.write(new_run.window(100, 200), "b,2");
  try {
    (void)old_run.prepare(old_run.window(200, 300), "c,3");
    FAIL("an older epoch wrote");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::lease);
  }
  old_run.sink().abort(old_run.window(200, 300));
  CHECK(ask("select k from t order by k") == "a\nb\n");
}

TEST_CASE("rule 14: the sinks of a unit on one database commit together or not at all") {
  wipe();
  auto engine = setup_of("engine");
  auto navigation = setup_of("navigation");
  navigation.objects = engine.objects;
  PostgresSinkRun a(engine);
  PostgresSinkRun b(navigation);
  CHECK(a.facts().transaction == b.facts().transaction);
  a.open();
  b.open();
  const auto unit = a.window(0, 100);
  CHECK(a.prepare(unit, "x,1").empty());
  CHECK(b.prepare(unit, "y,2").empty());
  a.sink().commit(unit);
  CHECK(ask("select count(*) from engine") == "0\n");
  b.sink().commit(unit);
  CHECK(ask("select * from engine, navigation") == "x|1|y|2\n");
  CHECK(ask("select sink from flowrun.coverage order by 1") == "to_engine\nto_navigation\n");

  const auto next = a.window(100, 200);
  CHECK(a.prepare(next, "x,9").empty());
  CHECK(b.prepare(next, "y,9").empty());
  b.sink().abort(next);
  a.sink().abort(next);
  CHECK(ask("select * from engine, navigation") == "x|1|y|2\n");
  CHECK(windows_of(a) == "0-100g1");
}

TEST_CASE("a session that is ended in the middle loses nothing and leaves nothing") {
  wipe();
  const auto terminate = [] {
    tell(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'p/node'");
  };
  PostgresSinkRun run(setup_of());
  run.open();
  const auto unit = run.window(0, 100);
  CHECK(run.prepare(unit, "a,1").empty());
  terminate();
  CHECK_THROWS_AS(run.sink().commit(unit), Error);
  run.sink().abort(unit);
  CHECK(ask("select (select count(*) from t), (select count(*) from flowrun.coverage)") == "0|0\n");
  run.sink().close(false);

  PostgresSinkRun again(setup_of());
  again.open();
  CHECK(again.write(again.window(0, 100), "a,1") == "");
  CHECK(ask("select * from t") == "a|1\n");
}

TEST_CASE("parallel sinks in reversed orders of keys never deadlock") {
  wipe();
  constexpr int kUnits = 100;
  const auto rows = [](bool reversed) {
    std::string text;
    for (int i = 0; i < 100; ++i) {
      text += fmt::format("k{:03},{}\n", reversed ? 99 - i : i, reversed ? 1 : 2);
    }
    return text;
  };
  const auto work = [&](int number) {
    auto setup = setup_of();
    setup.instance = fmt::format("n={}", number);
    // Some know their keys to differ, others have to let the server sort them out.
    PostgresSinkRun run(setup);
    run.open();
    for (int unit = 0; unit < kUnits; ++unit) {
      const auto text = rows(number % 2 == 0);
      run.write(run.window(unit, unit + 1), number < 2 ? text : text + text);
    }
  };
  PostgresSinkRun(setup_of()).open();
  {
    std::vector<std::jthread> threads;
    for (int number = 0; number < 4; ++number) threads.emplace_back(work, number);
  }
  CHECK(ask("select deadlocks from pg_stat_database where datname = current_database()") == "0\n");
  CHECK(ask("select count(*) from t") == "100\n");
  CHECK(ask("select sum(rows) from flowrun.coverage") == fmt::format("{}\n", kUnits * 600));
}

TEST_CASE("sinks that open at once make the tables once") {
  wipe();
  std::atomic<int> opened = 0;
  {
    std::vector<std::jthread> threads;
    for (int number = 0; number < 8; ++number) {
      threads.emplace_back([&, number] {
        auto setup = setup_of();
        setup.instance = fmt::format("n={}", number);
        PostgresSinkRun run(setup);
        run.open();
        run.write(run.window(0, 1), fmt::format("k{},1", number));
        ++opened;
      });
    }
  }
  CHECK(opened == 8);
  CHECK(ask("select count(*) from t") == "8\n");
}

TEST_CASE("a user who may not make the schema flowrun is told what is missing") {
  wipe();
  tell(
      "drop role if exists clerk; create role clerk login password 'clerk';"
      "create table t (k text primary key, v bigint); grant all on t to clerk;"
      "grant usage on schema public to clerk");
  auto setup = setup_of();
  const auto url = test::postgres_url();
  setup.url = "postgresql://clerk:clerk" + url.substr(url.find('@'));
  PostgresSinkRun run(setup);
  CHECK_THROWS_WITH(run.open(), ContainsSubstring("grant create on the database"));
  tell("create schema flowrun authorization clerk");
  run.open();
  CHECK(run.write(run.window(0, 100), "a,1") == "");
  tell("drop schema flowrun cascade; drop table t; drop owned by clerk; drop role clerk");
}
