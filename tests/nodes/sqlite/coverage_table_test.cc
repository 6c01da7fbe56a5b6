#include "nodes/sqlite/coverage_table.h"

#include "engine/core/error.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

using Catch::Matchers::ContainsSubstring;
using namespace flowrun;
using namespace flowrun::nodes;
using flowrun::testing::TempFolder;

namespace {

const CoverageKey kKey{
    .pipeline = "p", .instance = "ship=A", .sink = "engine", .target = "/x/a.db#engine"};

std::shared_ptr<const InputSet> inputs_of(const std::string& fingerprint) {
  return std::make_shared<const InputSet>(InputSet{{"readings:a.csv", fingerprint}});
}

Marker window_marker(Micros from, Micros until, std::int64_t generation = 1,
                     std::int64_t replaces = 0) {
  return {.key = kKey,
          .coverage = {.kind = UnitKind::window,
                       .interval = {from, until},
                       .plan_hash = "h",
                       .inputs = inputs_of("12ab"),
                       .generation = generation,
                       .epoch = 3,
                       .run = "r",
                       .rows = 10,
                       .committed_at = 5},
          .replaces = replaces};
}

Marker load_marker(const std::string& id, std::int64_t generation = 1, std::int64_t replaces = 0) {
  auto marker = window_marker(0, 0, generation, replaces);
  marker.coverage.kind = UnitKind::load;
  marker.coverage.id = id;
  return marker;
}

struct Database {
  Database() {
    coverage.create();
    connection.execute("create table engine (a)");
  }
  /// "0-100 g1, 100-200 g2": windows as load() gives them.
  [[nodiscard]] std::string windows() {
    std::string text;
    for (const auto& entry : coverage.load(kKey, "engine")) {
      text += text.empty() ? "" : ", ";
      text += std::to_string(entry.interval.from) + "-" + std::to_string(entry.interval.until) +
              " g" + std::to_string(entry.generation);
    }
    return text;
  }
  [[nodiscard]] std::int64_t stored() {
    return connection.integer("select count(*) from flowrun_coverage").value_or(-1);
  }
  TempFolder folder;
  sqlite::Connection connection{folder / "a.db", sqlite::OpenMode::create};
  CoverageTable coverage{connection};
};

}  // namespace

TEST_CASE("rule 1: coverage is kept in the target by pipeline, instance, sink and table") {
  Database db;
  db.coverage.write(window_marker(0, 100), "engine");
  const auto covered = db.coverage.load(kKey, "engine");
  REQUIRE(covered.size() == 1);
  CHECK(covered[0].kind == UnitKind::window);
  CHECK(covered[0].interval == Interval{0, 100});
  CHECK(covered[0].plan_hash == "h");
  CHECK(*covered[0].inputs == InputSet{{"readings:a.csv", "12ab"}});
  CHECK(covered[0].generation == 1);
  CHECK(covered[0].epoch == 3);
  CHECK(covered[0].run == "r");
  CHECK(covered[0].rows == 10);
  CHECK(covered[0].committed_at == 5);
  auto undated = window_marker(500, 600);
  undated.coverage.committed_at = 0;
  db.coverage.write(undated, "engine");
  CHECK(db.coverage.load(kKey, "engine").at(1).committed_at > 1'700'000'000'000'000);
  for (auto other : {CoverageKey{"q", "ship=A", "engine", ""}, CoverageKey{"p", "", "engine", ""},
                     CoverageKey{"p", "ship=A", "other", ""}}) {
    CHECK(db.coverage.load(other, "engine").empty());
  }
  CHECK(db.coverage.load(kKey, "ENGINE").size() == 2);  // one table to SQLite
}

TEST_CASE("rule 1: a dropped table is uncovered, and reading creates nothing") {
  Database db;
  db.coverage.write(window_marker(0, 100), "engine");
  db.connection.execute("drop table engine");
  CHECK(db.coverage.load(kKey, "engine").empty());
  CHECK(db.coverage.epoch("p", "ship=A") == 3);

  sqlite::Connection empty(db.folder / "b.db", sqlite::OpenMode::create);
  CoverageTable none(empty);
  CHECK(none.load(kKey, "engine").empty());
  CHECK(none.epoch("p", "") == 0);
  CHECK_FALSE(none.has(window_marker(0, 100), "engine"));
  none.drop_table("engine");
  none.compact(kKey, "engine");
  CHECK(empty.integer("select count(*) from sqlite_schema") == 0);
}

TEST_CASE("rule 1: adjacent windows with equal properties are one, read or stored") {
  Database db;
  db.coverage.write(window_marker(200, 300), "engine");
  db.coverage.write(window_marker(0, 100), "engine");
  db.coverage.write(window_marker(100, 200), "engine");
  db.coverage.write(window_marker(400, 500), "engine");
  auto changed = window_marker(500, 600);
  changed.coverage.plan_hash = "other";
  db.coverage.write(changed, "engine");
  auto edited = window_marker(600, 700);
  edited.coverage.plan_hash = "other";
  edited.coverage.inputs = inputs_of("34cd");
  db.coverage.write(edited, "engine");
  const auto* expected = "0-300 g1, 400-500 g1, 500-600 g1, 600-700 g1";
  CHECK(db.windows() == expected);
  CHECK(db.stored() == 6);
  db.coverage.compact(kKey, "engine");
  CHECK(db.windows() == expected);
  CHECK(db.stored() == 4);
  CHECK(db.coverage.load(kKey, "engine")[0].rows == 30);
  db.coverage.compact(kKey, "engine");
  CHECK(db.stored() == 4);
}

TEST_CASE("compaction forgets input sets that nothing names any more") {
  Database db;
  db.coverage.write(window_marker(0, 100), "engine");
  db.coverage.write(window_marker(100, 200), "engine");
  auto again = window_marker(0, 200, 2, 1);
  again.coverage.inputs = inputs_of("34cd");
  db.coverage.write(again, "engine");
  db.coverage.write(window_marker(200, 300), "engine");
  db.coverage.write(window_marker(300, 400), "engine");
  auto third = window_marker(200, 400, 2, 1);
  third.coverage.inputs = inputs_of("34cd");
  db.coverage.write(third, "engine");
  CHECK(db.connection.integer("select count(*) from flowrun_inputs") == 2);
  db.coverage.compact(kKey, "engine");
  CHECK(db.windows() == "0-400 g2");
  CHECK(db.connection.integer("select count(*) from flowrun_inputs") == 1);
  // What was forgotten can be stored again.
  db.coverage.write(window_marker(400, 500), "engine");
  CHECK(CoverageTable(db.connection).load(kKey, "engine").at(1).inputs->at("readings:a.csv") ==
        "12ab");
}

TEST_CASE("rule 3: a new generation replaces exactly the one that it names") {
  Database db;
  db.coverage.write(window_marker(0, 100), "engine");
  CHECK_THROWS_WITH(db.coverage.write(window_marker(0, 100, 3, 2), "engine"),
                    ContainsSubstring("generation 1, expected 2"));
  CHECK_THROWS_WITH(db.coverage.write(window_marker(500, 600, 2, 1), "engine"),
                    ContainsSubstring("generation 0, expected 1"));
  db.coverage.write(window_marker(0, 100, 2, 1), "engine");
  CHECK(db.windows() == "0-100 g2");
  CHECK_THROWS_AS(db.coverage.write(window_marker(0, 100, 2, 1), "engine"), Error);
}

TEST_CASE("rule 3: a new generation of one window leaves the rest of a merged entry as it was") {
  Database db;
  for (Micros from = 0; from < 500; from += 100)
    db.coverage.write(window_marker(from, from + 100), "engine");
  db.coverage.compact(kKey, "engine");
  REQUIRE(db.stored() == 1);
  db.coverage.write(window_marker(200, 300, 2, 1), "engine");
  CHECK(db.windows() == "0-200 g1, 200-300 g2, 300-500 g1");
  db.coverage.write(window_marker(0, 100, 2, 1), "engine");
  CHECK(db.windows() == "0-100 g2, 100-200 g1, 200-300 g2, 300-500 g1");
  // A wider window replaces all that it overlaps, if the newest of it is what was expected.
  CHECK_THROWS_AS(db.coverage.write(window_marker(100, 400, 2, 1), "engine"), Error);
  db.coverage.write(window_marker(100, 400, 3, 2), "engine");
  CHECK(db.windows() == "0-100 g2, 100-400 g3, 400-500 g1");
}

TEST_CASE("rule 4: a rival's marker for the same time fails, inside a merged entry, too") {
  Database db;
  for (Micros from = 0; from < 300; from += 100)
    db.coverage.write(window_marker(from, from + 100), "engine");
  db.coverage.compact(kKey, "engine");
  for (const auto& [from, until] : {std::pair<Micros, Micros>{0, 100},
                                    {100, 200},
                                    {200, 300},
                                    {250, 350},
                                    {-50, 50},
                                    {-100, 900},
                                    {120, 130}}) {
    try {
      db.coverage.write(window_marker(from, until), "engine");
      FAIL("two markers for " << from);
    } catch (const Error& error) {
      CHECK(error.code() == Errc::lease);
      CHECK_THAT(error.what(), ContainsSubstring("committed by run r"));
    }
  }
  CHECK_NOTHROW(db.coverage.write(window_marker(300, 400), "engine"));
  CHECK_NOTHROW(db.coverage.write(window_marker(-100, 0), "engine"));
}

TEST_CASE("rule 2: loads are told apart by their id") {
  Database db;
  db.coverage.write(load_marker("3f"), "engine");
  db.coverage.write(load_marker("4a"), "engine");
  CHECK_THROWS_AS(db.coverage.write(load_marker("3f"), "engine"), Error);
  db.coverage.write(load_marker("3f", 2, 1), "engine");
  CHECK(db.coverage.load(kKey, "engine").size() == 2);
  db.coverage.compact(kKey, "engine");
  CHECK(db.stored() == 2);
  db.coverage.drop_other_loads(load_marker("3f"), "engine");
  REQUIRE(db.coverage.load(kKey, "engine").size() == 1);
  CHECK(db.coverage.load(kKey, "engine")[0].id == "3f");
}

TEST_CASE("rule 4: a marker of an older epoch is refused") {
  Database db;
  db.coverage.write(window_marker(0, 100), "engine");
  auto old = window_marker(100, 200);
  old.coverage.epoch = 2;
  CHECK_THROWS_WITH(db.coverage.write(old, "engine"), ContainsSubstring("epoch 3, this run has 2"));
  auto newer = window_marker(100, 200);
  newer.coverage.epoch = 4;
  db.coverage.write(newer, "engine");
  CHECK(db.coverage.epoch("p", "ship=A") == 4);
  CHECK_THROWS_AS(db.coverage.write(window_marker(200, 300), "engine"), Error);
  // Another instance has a lease and an epoch of its own.
  auto other = window_marker(200, 300);
  other.key.instance = "ship=B";
  other.coverage.epoch = 1;
  CHECK_NOTHROW(db.coverage.write(other, "engine"));
}

TEST_CASE("rule 4: a marker is found again by unit, generation and run") {
  Database db;
  const auto marker = window_marker(0, 100);
  CHECK_FALSE(db.coverage.has(marker, "engine"));
  db.coverage.write(marker, "engine");
  CHECK(db.coverage.has(marker, "engine"));
  auto other = marker;
  other.coverage.run = "another";
  CHECK_FALSE(db.coverage.has(other, "engine"));
  other = marker;
  other.coverage.generation = 2;
  CHECK_FALSE(db.coverage.has(other, "engine"));
  db.coverage.set_rows(marker, "engine", 7);
  CHECK(db.coverage.load(kKey, "engine").at(0).rows == 7);
}
