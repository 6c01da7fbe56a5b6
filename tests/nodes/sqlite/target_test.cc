#include "nodes/sqlite/target.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "engine/core/error.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

using Catch::Matchers::ContainsSubstring;
using namespace flowrun;
using namespace flowrun::nodes;
using flowrun::testing::TempFolder;

namespace {

Unit unit_of(Micros from) {
  return {.kind = UnitKind::window,
          .interval = {from, from + 100},
          .id = std::to_string(from),
          .run = "r"};
}

struct Target {
  Target() {
    target.raise_busy_timeout(kSecond);
    target.open_or_create();
    target.connection().execute("create table t (a)");
  }
  void insert(const Unit& unit, const void* who) {
    const auto guard = target.join(unit, who);
    target.connection().execute("insert into t values (1)");
  }
  /// Rows as another process sees them.
  [[nodiscard]] std::int64_t visible() const {
    return sqlite::Connection(folder / "a.db", sqlite::OpenMode::existing)
        .integer("select count(*) from t")
        .value_or(-1);
  }
  TempFolder folder;
  SqliteTarget target{folder / "a.db"};
  int a = 0;
  int b = 0;
};

}  // namespace

TEST_CASE("rule 14: what several sinks of a unit wrote becomes visible with the last commit") {
  Target target;
  const auto unit = unit_of(0);
  target.insert(unit, &target.a);
  target.insert(unit, &target.b);
  CHECK(target.visible() == 0);
  target.target.commit(unit, &target.b);
  CHECK(target.visible() == 0);
  target.target.commit(unit, &target.a);
  CHECK(target.visible() == 2);
}

TEST_CASE("rule 14: one sink's abort takes back what all of them wrote") {
  Target target;
  const auto unit = unit_of(0);
  target.insert(unit, &target.a);
  target.insert(unit, &target.b);
  target.target.commit(unit, &target.a);
  target.target.abort(unit, &target.b);
  CHECK(target.visible() == 0);
  CHECK_THROWS_WITH(target.target.commit(unit, &target.b), ContainsSubstring("rolled back"));
  CHECK_THROWS_AS(target.target.commit(unit, &target.a), Error);
  target.target.abort(unit, &target.a);
  target.insert(unit_of(100), &target.a);
  target.target.commit(unit_of(100), &target.a);
  CHECK(target.visible() == 1);
}

TEST_CASE("a sink that did not join a unit aborts nothing of it") {
  Target target;
  target.insert(unit_of(0), &target.a);
  target.target.abort(unit_of(0), &target.b);
  target.target.abort(unit_of(100), &target.a);
  target.target.commit(unit_of(0), &target.a);
  CHECK(target.visible() == 1);
}

TEST_CASE("another unit waits until the open one has ended") {
  Target target;
  target.insert(unit_of(0), &target.a);
  std::atomic<bool> entered = false;
  std::thread second([&] {
    target.insert(unit_of(100), &target.b);
    entered = true;
    target.target.commit(unit_of(100), &target.b);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK_FALSE(entered);
  target.target.commit(unit_of(0), &target.a);
  second.join();
  CHECK(target.visible() == 2);
}

TEST_CASE("a unit that never ends is reported, not waited for without end") {
  Target target;
  target.insert(unit_of(0), &target.a);
  CHECK_THROWS_WITH(target.target.join(unit_of(100), &target.b),
                    ContainsSubstring("busy_timeout (1s)"));
}

TEST_CASE("rule 4: a commit that could not be done because of a reader can be done later") {
  Target target;
  target.target.connection().execute("pragma journal_mode = delete");
  target.target.connection().set_busy_timeout(10'000);
  sqlite::Connection reader(target.folder / "a.db", sqlite::OpenMode::existing);
  {
    auto rows = reader.prepare("select 1 from sqlite_schema");
    REQUIRE(rows.step());  // holds the file
    target.insert(unit_of(0), &target.a);
    CHECK_THROWS_WITH(target.target.commit(unit_of(0), &target.a), ContainsSubstring("locked"));
  }
  CHECK(target.visible() == 0);
  target.insert(unit_of(0), &target.a);
  target.target.commit(unit_of(0), &target.a);
  CHECK(target.visible() == 1);
}

TEST_CASE("a new database has a write-ahead log, one that exists keeps what it has") {
  const TempFolder folder;
  SqliteTarget fresh(folder / "deep/er/a.db");
  fresh.open_or_create();
  CHECK(fresh.connection().text("pragma journal_mode") == "wal");
  sqlite::Connection(folder / "b.db", sqlite::OpenMode::create).execute("create table t (a)");
  SqliteTarget old(folder / "b.db");
  old.open_or_create();
  CHECK(old.connection().text("pragma journal_mode") == "delete");
  SqliteTarget none(folder / "c.db");
  CHECK_FALSE(none.open_existing());
  CHECK_FALSE(std::filesystem::exists(folder / "c.db"));
}

TEST_CASE("rule 4: a commit whose answer is lost is resolved by looking its markers up") {
  Target target;
  const Marker marker{.key = {.pipeline = "p", .instance = "", .sink = "s", .target = "t"},
                      .coverage = {.kind = UnitKind::window,
                                   .interval = {0, 100},
                                   .inputs = std::make_shared<const InputSet>(),
                                   .epoch = 1,
                                   .run = "r"}};
  target.target.coverage().create();
  const auto apply = [&](Marker with) {
    const auto guard = target.target.join(unit_of(0), &target.a);
    target.target.coverage().write(with, "t");
    target.target.expect(with, "t");
  };
  SECTION("it is there: committed") {
    apply(marker);
    target.target.connection().execute("commit");  // done, but nobody was told
    CHECK_NOTHROW(target.target.commit(unit_of(0), &target.a));
  }
  SECTION("it is not: failed") {
    apply(marker);
    target.target.connection().execute("rollback");
    CHECK_THROWS_AS(target.target.commit(unit_of(0), &target.a), Error);
  }
  // Either way the target is free for the next attempt.
  const auto guard = target.target.join(unit_of(500), &target.a);
}
