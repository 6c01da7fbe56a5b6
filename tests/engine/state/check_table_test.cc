#include "tests/engine/state/journal_place.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

TEST_CASE("what checks found comes back by unit, and a second judgement replaces the first") {
  const JournalPlace state;
  const auto journal = state.open();
  const auto lease = journal->acquire("p", "");
  const auto run = journal->start_run(start_of_run(), *lease);
  const StoredCheck failed{.node = "sound",
                           .unit = {},
                           .result = {.rule = "not too many",
                                      .on_fail = OnFail::warn,
                                      .passed = false,
                                      .rows = 10,
                                      .failed = 2,
                                      .detail = "2 of 10 rows",
                                      .first = 5,
                                      .origin = "a.csv:7"}};
  auto passed = failed;
  passed.result = {.rule = "key", .on_fail = OnFail::error, .passed = true, .rows = 10};
  journal->put_checks(run, window_unit(kHour, 2 * kHour), {failed, passed});
  journal->put_checks(run, window_unit(0, kHour), {failed});
  journal->put_checks(run, window_unit(0, kHour), {passed});
  journal->put_checks(run, window_unit(0, kHour), {});
  const auto found = state.open()->checks(run);
  REQUIRE(found.size() == 3);
  CHECK(found[0].unit == "window 1970-01-01T00:00:00..1970-01-01T01:00:00");
  CHECK(found[0].result.rule == "key");
  CHECK(found[0].result.passed);
  CHECK(found[1].node == "sound");
  CHECK(found[1].result.on_fail == OnFail::warn);
  CHECK_FALSE(found[1].result.passed);
  CHECK(found[1].result.rows == 10);
  CHECK(found[1].result.failed == 2);
  CHECK(found[1].result.detail == "2 of 10 rows");
  CHECK(found[1].result.origin == "a.csv:7");
  CHECK(found[2].result.on_fail == OnFail::error);
  CHECK(journal->checks("another").empty());
}
