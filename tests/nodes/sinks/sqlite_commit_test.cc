#include <fmt/format.h>

#include <filesystem>

#include "engine/core/error.h"
#include "tests/nodes/sinks/sqlite_harness.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace flowrun;
using namespace flowrun::testing;

namespace {

SqliteSinkSetup setup_of(const TempFolder& folder, const std::string& table = "t",
                         std::int64_t epoch = 1) {
  return {.path = folder / "a.db",
          .fields = "k string, v int64",
          .options = {{"mode", value("upsert")}, {"key", list({"k"})}, {"table", value(table)}},
          .sink = "to_" + table,
          .epoch = epoch};
}

std::string windows_of(SqliteSinkRun& run) {
  std::string text;
  for (const auto& entry : run.sink().covered(run.context())) {
    text += fmt::format("{}{}-{}g{}", text.empty() ? "" : " ", entry.interval.from,
                        entry.interval.until, entry.generation);
  }
  return text;
}

}  // namespace

TEST_CASE("rule 1: what a later run reads as covered is what was committed") {
  const TempFolder folder;
  {
    SqliteSinkRun run(setup_of(folder));
    run.open();
    run.write(run.window(0, 100), "a,1");
    run.write(run.window(100, 200), "b,2");
    run.write(run.window(300, 400), "c,3");
    run.sink().close(true);
  }
  CHECK(query(folder / "a.db", "select from_us, until_us, rows from flowrun_coverage") ==
        "0|200|2\n300|400|1\n");
  SqliteSinkRun next(setup_of(folder, "t", 2));
  CHECK(windows_of(next) == "0-200g1 300-400g1");
  CHECK(next.sink().epoch(next.context()) == 1);
  CHECK(*next.sink().covered(next.context())[0].inputs == InputSet{{"a", "b"}});
}

TEST_CASE("rule 1: a deleted file, a dropped table and a moved file") {
  const TempFolder folder;
  {
    SqliteSinkRun run(setup_of(folder));
    run.open();
    run.write(run.window(0, 100), "a,1");
  }
  std::filesystem::copy(folder / "a.db", folder / "b.db");
  auto moved = setup_of(folder);
  moved.path = folder / "b.db";
  SqliteSinkRun elsewhere(moved);
  CHECK(windows_of(elsewhere) == "0-100g1");  // coverage goes where its rows go

  sqlite::Connection(folder / "a.db", sqlite::OpenMode::existing).execute("drop table t");
  SqliteSinkRun dropped(setup_of(folder, "t", 2));
  CHECK(windows_of(dropped).empty());
  dropped.open();
  CHECK(windows_of(dropped)
            .empty());  // the new table is empty, and old markers do not come back with it
  dropped.write(dropped.window(0, 100), "a,1");
  CHECK(windows_of(dropped) == "0-100g1");

  for (const char* name : {"a.db", "a.db-wal", "a.db-shm"}) std::filesystem::remove(folder / name);
  SqliteSinkRun deleted(setup_of(folder, "t", 3));
  CHECK(windows_of(deleted).empty());
}

TEST_CASE("rule 3: a unit planned again replaces its generation and upserts its rows") {
  const TempFolder folder;
  SqliteSinkRun run(setup_of(folder));
  run.open();
  run.write(run.window(0, 100), "a,1");
  run.write(run.window(0, 100), "a,2\nb,3", 1);
  CHECK(windows_of(run) == "0-100g2");
  CHECK(query(folder / "a.db", "select * from t order by k") == "a|2\nb|3\n");
}

TEST_CASE("rule 4: a rival fails on the marker, and nothing of it stays") {
  const TempFolder folder;
  SqliteSinkRun first(setup_of(folder));
  SqliteSinkRun second(setup_of(folder));
  first.open();
  second.open();
  first.write(first.window(0, 100), "a,1");
  const auto unit = second.window(0, 100);
  CHECK_THROWS_WITH(second.prepare(unit, "a,99\nz,1"), ContainsSubstring("committed by run run1"));
  second.sink().abort(unit);
  CHECK(query(folder / "a.db", "select * from t") == "a|1\n");
  CHECK_THROWS_WITH(second.prepare(second.window(0, 100), "a,99", 7),
                    ContainsSubstring("expected 7"));
}

TEST_CASE("rule 4: a rival in another process waits for the open transaction, then fails") {
  const TempFolder folder;
  auto impatient = setup_of(folder);
  impatient.options.emplace_back("busy_timeout", value("20ms"));
  SqliteSinkRun first(setup_of(folder));
  SqliteSinkRun second(impatient);
  first.open();
  second.open();
  CHECK(first.prepare(first.window(0, 100), "a,1").empty());
  CHECK_THROWS_WITH(second.prepare(second.window(0, 100), "a,2"), ContainsSubstring("locked"));
  second.sink().abort(second.window(0, 100));
  first.sink().commit(first.window(0, 100));
  CHECK_THROWS_AS(second.prepare(second.window(0, 100), "a,2"), Error);
}

TEST_CASE("rule 4: a run whose epoch is over can write nothing more") {
  const TempFolder folder;
  SqliteSinkRun old_run(setup_of(folder, "t", 1));
  SqliteSinkRun new_run(setup_of(folder, "t", 2));
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
  CHECK(query(folder / "a.db", "select k from t") == "a\nb\n");
}

TEST_CASE("rule 14: the sinks of a unit on one file commit together or not at all") {
  const TempFolder folder;
  auto engine = setup_of(folder, "engine");
  auto navigation = setup_of(folder, "navigation");
  navigation.objects = engine.objects;
  SqliteSinkRun a(engine);
  SqliteSinkRun b(navigation);
  CHECK(a.facts().transaction == b.facts().transaction);
  a.open();
  b.open();
  const auto unit = a.window(0, 100);
  CHECK(a.prepare(unit, "x,1").empty());
  CHECK(b.prepare(unit, "y,2").empty());
  a.sink().commit(unit);
  CHECK(query(folder / "a.db", "select count(*) from engine") == "0\n");
  b.sink().commit(unit);
  CHECK(query(folder / "a.db", "select * from engine, navigation") == "x|1|y|2\n");
  CHECK(query(folder / "a.db", "select sink from flowrun_coverage order by 1") ==
        "to_engine\nto_navigation\n");

  const auto next = a.window(100, 200);
  CHECK(a.prepare(next, "x,9").empty());
  CHECK(b.prepare(next, "y,9").empty());
  b.sink().abort(next);
  a.sink().abort(next);
  CHECK(query(folder / "a.db", "select * from engine, navigation") == "x|1|y|2\n");
  CHECK(windows_of(a) == "0-100g1");
}

TEST_CASE(
    "rule 14: units are staged side by side, beyond memory on disk, and only one at a time touches "
    "the target") {
  const TempFolder folder;
  SqliteSinkRun run(setup_of(folder));
  auto small = run.context();
  small.memory = 1;
  run.sink().open(small);
  const auto one = run.window(0, 100);
  const auto two = run.window(100, 200);
  run.sink().begin(one);
  run.sink().begin(two);
  for (int i = 0; i < 5; ++i) {
    const auto number = std::to_string(i);
    run.sink().write(two,
                     run.sink().encode(batch_of("k string, v int64", "two" + number + ",1", 10)));
    run.sink().write(one,
                     run.sink().encode(batch_of("k string, v int64", "one" + number + ",1", 10)));
  }
  CHECK(query(folder / "a.db", "select count(*) from t") == "0\n");
  CHECK(run.apply(two, run.marker(two, 5)).empty());
  run.sink().commit(two);
  CHECK(query(folder / "a.db", "select group_concat(k) from t") == "two0,two1,two2,two3,two4\n");
  run.sink().abort(one);
  run.sink().begin(one);  // a new attempt
  CHECK(run.apply(one, run.marker(one, 0)).empty());
  run.sink().commit(one);
  CHECK(query(folder / "a.db", "select count(*) from t") == "5\n");
  CHECK(windows_of(run) == "0-200g1");
}
