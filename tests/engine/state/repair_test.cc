#include "engine/core/error.h"
#include "tests/engine/state/journal_place.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

TargetCoverage target_of(const std::string& sink, std::vector<Coverage> coverage,
                         std::int64_t epoch = 0) {
  return {.key = {.pipeline = "p", .instance = "", .sink = sink, .target = sink},
          .coverage = std::move(coverage),
          .epoch = epoch};
}

UnitState state_of(Journal& journal, const std::string& run, Micros from) {
  for (const auto& unit : journal.units(run)) {
    if (unit.unit.interval.from == from) return unit.state;
  }
  return UnitState::failed;
}

}  // namespace

TEST_CASE("a lost journal goes on above every epoch that the targets have seen") {
  const JournalPlace state;
  auto journal = state.open();
  const auto lease = journal->acquire("p", "");
  REQUIRE(lease->epoch() == 1);
  auto old = window_coverage(0, 100, "20250101T000000-aaaa");
  old.epoch = 7;
  journal->repair(*lease, {target_of("a", {old}), target_of("b", {}, 9)});
  CHECK(lease->epoch() == 10);
  journal->repair(*lease, {target_of("a", {old})});
  CHECK(lease->epoch() == 10);
}

TEST_CASE("runs that only the targets know are recorded with their units") {
  const JournalPlace state;
  auto journal = state.open();
  const auto lease = journal->acquire("p", "");
  const auto run = std::string("20250101T000000-aaaa");
  journal->repair(*lease, {target_of("a", {window_coverage(0, 200, run)}),
                           target_of("b", {window_coverage(0, 100, run)})});
  const auto known = journal->find_run(run);
  REQUIRE(known);
  CHECK(known->state == RunState::ok);
  CHECK(known->start.pipeline == "p");
  CHECK(known->started == 5);
  CHECK(known->reason == "known from its targets only");
  const auto units = journal->units(run);
  REQUIRE(units.size() == 1);
  CHECK(units[0].unit.interval == Interval{0, 200});
  CHECK(units[0].rows.out == 20);
  // The second repair of the same run adds nothing.
  journal->repair(*lease, {target_of("a", {window_coverage(0, 200, run)})});
  CHECK(journal->units(run).at(0).rows.out == 20);
}

TEST_CASE("a unit whose commit the journal missed is journalled if every target has it") {
  const JournalPlace state;
  std::string run;
  {
    auto journal = state.open();
    const auto lease = journal->acquire("p", "");
    run = journal->start_run(start_of_run(), *lease);
    for (const Micros from : {0, 100, 200}) {
      journal->put_unit(run,
                        {.unit = window_unit(from, from + 100), .state = UnitState::committing});
    }
  }
  auto journal = state.open();
  const auto lease = journal->acquire("p", "");
  REQUIRE(lease->crashed() == std::vector<std::string>{run});
  journal->repair(*lease, {target_of("a", {window_coverage(0, 200, run)}),
                           target_of("b", {window_coverage(0, 100, run)})});
  CHECK(state_of(*journal, run, 0) == UnitState::journalled);
  CHECK(state_of(*journal, run, 100) == UnitState::aborted);
  CHECK(state_of(*journal, run, 200) == UnitState::aborted);
}

TEST_CASE("an older generation in the target does not stand for a newer unit") {
  const JournalPlace state;
  std::string run;
  {
    auto journal = state.open();
    const auto lease = journal->acquire("p", "");
    run = journal->start_run(start_of_run(), *lease);
    journal->put_unit(run, {.unit = window_unit(0, 100, 2), .state = UnitState::committing});
    journal->put_unit(run, {.unit = load_unit("3f"), .state = UnitState::committing});
  }
  auto journal = state.open();
  const auto lease = journal->acquire("p", "");
  auto load = window_coverage(0, 0, run);
  load.kind = UnitKind::load;
  load.id = "3f";
  journal->repair(*lease, {target_of("a", {window_coverage(0, 100, run, 1), load})});
  const auto units = journal->units(run);
  CHECK(units.at(0).state == UnitState::aborted);
  CHECK(units.at(1).state == UnitState::journalled);
}
