#include "engine/spec/coverage.h"

#include "tests/support/catch.h"

using namespace flowrun;

static Coverage window(Micros from, Micros until, const std::string& hash = "h",
                       std::int64_t generation = 1, std::int64_t epoch = 1) {
  static const auto inputs = std::make_shared<const InputSet>(InputSet{{"a", "1"}});
  return {.kind = UnitKind::window,
          .interval = {from, until},
          .plan_hash = hash,
          .inputs = inputs,
          .generation = generation,
          .epoch = epoch,
          .run = "run" + std::to_string(epoch),
          .rows = 1,
          .committed_at = epoch * 10};
}

TEST_CASE("rule 1: windows that touch and are alike are one entry") {
  const auto merged = merge_coverage(
      {window(4, 6, "h", 1, 2), window(0, 2), window(2, 4, "h", 1, 3), window(7, 8)});
  REQUIRE(merged.size() == 2);
  CHECK(merged[0].interval == Interval{0, 6});
  CHECK(merged[0].rows == 3);
  CHECK(merged[0].epoch == 3);
  CHECK(merged[0].run == "run3");
  CHECK(merged[0].committed_at == 30);
  CHECK(merged[1].interval == Interval{7, 8});
}

TEST_CASE("rule 1: windows of another plan, generation or input stay apart") {
  auto other = window(6, 8);
  other.inputs = std::make_shared<const InputSet>(InputSet{{"a", "2"}});
  auto equal = window(8, 10);
  equal.inputs =
      std::make_shared<const InputSet>(InputSet{{"a", "2"}});  // another object, the same content
  const auto merged =
      merge_coverage({window(0, 2), window(2, 4, "other"), window(4, 6, "other", 2), other, equal});
  REQUIRE(merged.size() == 4);
  CHECK(merged[3].interval == Interval{6, 10});
}

TEST_CASE("loads and rows without a time are not merged and come last") {
  Coverage load = window(0, 0);
  load.kind = UnitKind::load;
  load.id = "l";
  const auto merged = merge_coverage({load, window(2, 4), load, window(0, 2)});
  REQUIRE(merged.size() == 3);
  CHECK(merged[0].interval == Interval{0, 4});
  CHECK(merged[1].id == "l");
}

TEST_CASE("entries overlap by time or by id") {
  CHECK(overlaps(window(0, 4), window(3, 5)));
  CHECK_FALSE(overlaps(window(0, 4), window(4, 5)));
  Coverage load = window(0, 0);
  load.kind = UnitKind::load;
  load.id = "l";
  CHECK(overlaps(load, load));
  CHECK_FALSE(overlaps(load, window(0, 4)));
  auto other = load;
  other.id = "m";
  CHECK_FALSE(overlaps(load, other));
}
