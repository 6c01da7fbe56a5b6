#include <fmt/format.h>

#include "tests/engine/state/journal_place.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

std::vector<StoredReject> rejects_of(int count, const std::string& reason) {
  std::vector<StoredReject> rejects;
  for (int i = 0; i < count; ++i) {
    rejects.push_back(
        {.node = "readings",
         .reject = {.reason = reason,
                    .column = "value",
                    .value = fmt::format("x{}", i),
                    .origin = fmt::format("a.csv:{}", i + 2),
                    .record = "A,x",
                    .ordinal = (std::uint64_t{1} << 63U) + static_cast<std::uint64_t>(i)}});
  }
  return rejects;
}

struct Running {
  explicit Running(const JournalPlace& state, std::int64_t cap = 10'000)
      : journal(state.open(cap)),
        lease(journal->acquire("p", "")),
        id(journal->start_run(start_of_run(), *lease)) {}
  std::unique_ptr<Journal> journal;
  std::unique_ptr<Lease> lease;
  std::string id;

  /// Ends the run and starts another.
  [[nodiscard]] std::string next() const {
    end_well(*journal, id);
    return journal->start_run(start_of_run(), *lease);
  }
};

}  // namespace

TEST_CASE("a reject comes back as it was, with its unit as people read it") {
  const JournalPlace state;
  const Running run(state);
  run.journal->put_rejects(run.id, window_unit(0, kHour), rejects_of(1, "not a float64"), 1);
  const auto found = state.open()->rejects(run.id, 10);
  REQUIRE(found.kept.size() == 1);
  CHECK(found.total == 1);
  const auto& [node, unit, reject] = found.kept.front();
  CHECK(node == "readings");
  CHECK(unit == "window 1970-01-01T00:00:00..1970-01-01T01:00:00");
  CHECK(reject.reason == "not a float64");
  CHECK(reject.column == "value");
  CHECK(reject.value == "x0");
  CHECK(reject.origin == "a.csv:2");
  CHECK(reject.record == "A,x");
  CHECK(reject.ordinal == std::uint64_t{1} << 63U);
}

TEST_CASE("a run keeps as many rejects as the cap allows and counts the rest") {
  const JournalPlace state;
  const Running run(state, 5);
  CHECK(run.journal->reject_cap() == 5);
  run.journal->put_rejects(run.id, window_unit(0, 100), rejects_of(3, "a"), 3);
  run.journal->put_rejects(run.id, window_unit(100, 200), rejects_of(4, "b"), 1000);
  run.journal->put_rejects(run.id, window_unit(200, 300), rejects_of(2, "c"), 2);
  const auto found = run.journal->rejects(run.id, 100);
  CHECK(found.total == 1005);
  REQUIRE(found.kept.size() == 5);
  CHECK(found.kept[2].reject.reason == "a");
  CHECK(found.kept[3].reject.reason == "b");
  CHECK(run.journal->rejects(run.id, 2).kept.size() == 2);
  // Another run has its own cap.
  const auto next = run.next();
  run.journal->put_rejects(next, window_unit(900, 1000), rejects_of(5, "d"), 5);
  CHECK(run.journal->rejects(next, 100).kept.size() == 5);
}

TEST_CASE("a redo of a unit replaces its rejects, in the same run and in a later one") {
  const JournalPlace state;
  const Running run(state, 3);
  run.journal->put_rejects(run.id, window_unit(0, 100), rejects_of(3, "first"), 3);
  run.journal->put_rejects(run.id, window_unit(0, 100), rejects_of(2, "second"), 2);
  CHECK(run.journal->rejects(run.id, 10).total == 2);
  CHECK(run.journal->rejects(run.id, 10).kept.at(0).reject.reason == "second");

  const auto next = run.next();
  run.journal->put_rejects(next, window_unit(0, 100), rejects_of(1, "third"), 1);
  CHECK(run.journal->rejects(run.id, 10).total == 0);
  CHECK(run.journal->rejects(next, 10).kept.size() == 1);
  run.journal->put_rejects(next, window_unit(0, 100), {}, 0);
  CHECK(run.journal->rejects(next, 10).total == 0);
  CHECK(state.count("select count(*) from rejects") == 0);
}

TEST_CASE("rows without a time of different runs are different rows") {
  const JournalPlace state;
  const Running run(state);
  const Unit unplaced{.kind = UnitKind::unplaced, .id = "unplaced"};
  run.journal->put_rejects(run.id, unplaced, rejects_of(1, "no time"), 1);
  const auto next = run.next();
  run.journal->put_rejects(next, unplaced, rejects_of(2, "no time"), 2);
  CHECK(run.journal->rejects(run.id, 10).total == 1);
  CHECK(run.journal->rejects(next, 10).total == 2);
}
