#include "nodes/postgres/coverage_table.h"

#include <fmt/format.h>

#include "tests/nodes/postgres/server.h"
#include "tests/support/catch.h"

namespace flowrun::postgres {
namespace {

const CoverageKey kKey{.pipeline = "p", .instance = "i", .sink = "s", .target = "t"};

Marker window(Micros from, Micros until, std::int64_t generation = 1, std::int64_t epoch = 1) {
  return {.key = kKey,
          .coverage = {.kind = UnitKind::window,
                       .interval = {from, until},
                       .plan_hash = "h",
                       .inputs = std::make_shared<const InputSet>(InputSet{{"a", "1"}, {"b", ""}}),
                       .generation = generation,
                       .epoch = epoch,
                       .run = "run",
                       .rows = 1,
                       .committed_at = 1'700'000'000'123'456},
          .replaces = generation - 1};
}

struct Fixture {
  Fixture() {
    connection.execute_all("drop schema if exists flowrun cascade");
    table.create();
  }
  void put(const Marker& marker) {
    connection.begin();
    table.write(marker, "t");
    connection.commit();
  }
  std::string shown(const std::string& name = "t") {
    std::string text;
    for (const auto& entry : table.load(kKey, name)) {
      text += fmt::format("{}{}-{}g{}r{}", text.empty() ? "" : " ", entry.interval.from,
                          entry.interval.until, entry.generation, entry.rows);
    }
    return text;
  }

  Connection connection{test::postgres_address()};
  CoverageTable table{connection};
};

TEST_CASE("what is written is read again, neighbours merged") {
  Fixture with;
  CHECK(with.shown().empty());
  with.put(window(0, 10));
  with.put(window(10, 20));
  with.put(window(30, 40));
  CHECK(with.shown() == "0-20g1r2 30-40g1r1");
  CHECK(with.shown("other").empty());
  const auto entry = with.table.load(kKey, "t").at(0);
  CHECK(entry.plan_hash == "h");
  CHECK(entry.run == "run");
  CHECK(entry.committed_at == 1'700'000'000'123'456);
  CHECK(*entry.inputs == InputSet{{"a", "1"}, {"b", ""}});
  CoverageTable anew(with.connection);
  CHECK(*anew.load(kKey, "t").at(0).inputs == *entry.inputs);
}

TEST_CASE("compacting stores what is read, and a unit of it can still be replaced") {
  Fixture with;
  for (Micros at = 0; at < 50; at += 10) with.put(window(at, at + 10));
  with.table.compact(kKey, "t");
  CHECK(with.connection.execute("select count(*) from flowrun.coverage").int64(0, 0) == 1);
  CHECK(with.shown() == "0-50g1r5");
  with.put(window(20, 30, 2));
  CHECK(with.shown() == "0-20g1r5 20-30g2r1 30-50g1r5");
  CHECK(with.table.has(window(20, 30, 2), "t"));
  CHECK_FALSE(with.table.has(window(20, 30, 3), "t"));
  CHECK_FALSE(with.table.has(window(0, 10), "t"));
}

TEST_CASE("markers of an older epoch, or beside what stands, are refused") {
  Fixture with;
  with.put(window(0, 10, 1, 3));
  CHECK(with.table.epoch("p", "i") == 3);
  CHECK(with.table.epoch("p", "other") == 0);
  const auto refused = [&](const Marker& marker) {
    try {
      with.put(marker);
    } catch (const Error& error) {
      with.connection.roll_back();
      with.table.forget();
      return error.code() == Errc::lease;
    }
    return false;
  };
  CHECK(refused(window(10, 20, 1, 2)));
  CHECK(refused(window(0, 10, 1, 3)));
  CHECK(refused(window(5, 15, 1, 3)));
  CHECK(refused(window(0, 10, 5, 3)));
  CHECK_FALSE(refused(window(0, 10, 2, 4)));
  CHECK(with.table.epoch("p", "i") == 4);
  CHECK(with.shown() == "0-10g2r1");
}

TEST_CASE("loads are known by their ids, and those that were replaced are forgotten") {
  Fixture with;
  const auto load = [](const std::string& id) {
    auto marker = window(0, 0);
    marker.coverage.kind = UnitKind::load;
    marker.coverage.id = id;
    return marker;
  };
  with.put(load("one"));
  with.put(load("two"));
  CHECK(with.table.load(kKey, "t").size() == 2);
  with.connection.begin();
  with.table.drop_other_loads(load("two"), "t");
  with.table.set_rows(load("two"), "t", 7);
  with.connection.commit();
  REQUIRE(with.table.load(kKey, "t").size() == 1);
  CHECK(with.table.load(kKey, "t")[0].rows == 7);
  with.table.drop_table("t");
  CHECK(with.table.load(kKey, "t").empty());
}

TEST_CASE("without the tables nothing is covered") {
  Fixture with;
  with.connection.execute_all("drop schema flowrun cascade");
  CHECK(with.shown().empty());
  CHECK(with.table.epoch("p", "i") == 0);
  CHECK_FALSE(with.table.has(window(0, 10), "t"));
}

}  // namespace
}  // namespace flowrun::postgres
