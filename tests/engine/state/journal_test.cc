#include <set>
#include <thread>

#include "engine/core/error.h"
#include "engine/state/journal_words.h"
#include "tests/engine/state/journal_place.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

/// A JSON document without spaces: journals may lay it out anew.
std::string compact(std::string json) {
  std::erase(json, ' ');
  return json;
}

}  // namespace

TEST_CASE("a run goes from running to its end with everything that was said of it") {
  const JournalPlace state;
  auto journal = state.open();
  const auto lease = journal->acquire("p", "ship=A");
  const auto id = journal->start_run(start_of_run("p", "ship=A"), *lease);
  {
    const auto running = journal->find_run(id);
    REQUIRE(running);
    CHECK(running->state == RunState::running);
    CHECK(running->started == state.clock.now());
    CHECK(running->ended == 0);
    CHECK(running->epoch == 1);
    CHECK(running->pid > 0);
    CHECK_FALSE(running->host.empty());
  }
  const std::vector<NodeCounts> nodes{{.node = "readings",
                                       .type = "source csv",
                                       .rows = {.in = 10, .passed = 9, .rejected = 1, .out = 9},
                                       .busy = 1},
                                      {.node = "wide",
                                       .type = "transform pivot",
                                       .rows = {.in = 9, .absorbed = 9, .made = 3, .out = 3},
                                       .blocked = 2,
                                       .idle = 3}};
  journal->end_run(id, RunState::failed, "the disk is full", R"({"rows":10})", nodes);

  auto again = state.open();
  const auto run = again->find_run(id);
  REQUIRE(run);
  CHECK(run->state == RunState::failed);
  CHECK(run->reason == "the disk is full");
  CHECK(compact(run->totals) == R"({"rows":10})");
  CHECK(run->ended == state.clock.now());
  CHECK(run->start.pipeline == "p");
  CHECK(run->start.instance == "ship=A");
  CHECK(run->start.path == "/x/p.toml");
  CHECK(run->start.file_hash == "f");
  CHECK(run->start.plan_hash == "h");
  CHECK(compact(run->start.params) == R"({"ship":"A"})");
  CHECK(run->start.now == 7);
  CHECK(again->nodes(id) == nodes);
}

TEST_CASE("run ids are the moment and four hex digits, and differ within a second") {
  const JournalPlace state;
  auto journal = state.open();
  const auto lease = journal->acquire("p", "");
  std::set<std::string> ids;
  for (int i = 0; i < 500; ++i) {
    const auto id = journal->start_run(start_of_run(), *lease);
    CHECK(id.size() == 20);
    CHECK(id.substr(0, 16) == "20261121T131500-");
    CHECK(id.find_first_not_of("0123456789abcdef", 16) == std::string::npos);
    ids.insert(id);
    end_well(*journal, id);
  }
  CHECK(ids.size() == 500);
  CHECK(make_run_id(1'795'266'900'999'999).substr(0, 16) == "20261121T131500-");
}

TEST_CASE("runs are found by the beginning or the end of their id, if only one fits") {
  const JournalPlace state;
  auto journal = state.open();
  const auto lease = journal->acquire("p", "");
  const auto first = journal->start_run(start_of_run(), *lease);
  CHECK(journal->find_run(first.substr(0, 10))->id == first);
  CHECK(journal->find_run(first.substr(16))->id == first);
  CHECK_FALSE(journal->find_run("2027"));
  CHECK_FALSE(journal->find_run(""));
  CHECK_FALSE(journal->find_run("%"));
  end_well(*journal, first);
  (void)journal->start_run(start_of_run(), *lease);
  CHECK_FALSE(journal->find_run(first.substr(0, 10)));
  CHECK(journal->find_run(first)->id == first);
}

TEST_CASE("runs are listed newest first, by pipeline and instance") {
  JournalPlace state;
  std::vector<std::string> ids;
  auto journal = state.open();
  const auto a = journal->acquire("p", "ship=A");
  const auto b = journal->acquire("p", "ship=B");
  const auto q = journal->acquire("q", "");
  ids.push_back(journal->start_run(start_of_run("p", "ship=A"), *a));
  ids.push_back(journal->start_run(start_of_run("p", "ship=B"), *b));
  ids.push_back(journal->start_run(start_of_run("q", ""), *q));
  const auto listed = [&](const RunFilter& filter) {
    std::vector<std::string> found;
    for (const auto& run : journal->runs(filter)) found.push_back(run.id);
    return found;
  };
  CHECK(listed({}) == std::vector<std::string>{ids[2], ids[1], ids[0]});
  CHECK(listed({.pipeline = "p"}) == std::vector<std::string>{ids[1], ids[0]});
  CHECK(listed({.pipeline = "p", .instance = "ship=A"}) == std::vector<std::string>{ids[0]});
  CHECK(listed({.instance = ""}) == std::vector<std::string>{ids[2]});
  CHECK(listed({.limit = 1}) == std::vector<std::string>{ids[2]});
}

TEST_CASE("units keep their last state, and those without an end are aborted with their run") {
  const JournalPlace state;
  auto journal = state.open();
  const auto lease = journal->acquire("p", "");
  const auto run = journal->start_run(start_of_run(), *lease);
  UnitRecord late{.unit = window_unit(200, 300, 2), .state = UnitState::planned};
  journal->put_unit(run, late);
  UnitRecord early{.unit = window_unit(100, 200), .state = UnitState::reading};
  journal->put_unit(run, early);
  journal->put_unit(run, {.unit = load_unit("3f"), .state = UnitState::failed, .error = "no"});
  journal->flush();
  early.state = UnitState::journalled;
  early.rows = {.in = 4, .passed = 3, .rejected = 1, .out = 3};
  journal->put_unit(run, early);

  auto units = journal->units(run);
  REQUIRE(units.size() == 3);
  CHECK(units[0].unit.interval == Interval{100, 200});
  CHECK(units[0].state == UnitState::journalled);
  CHECK(units[0].rows == early.rows);
  CHECK(units[0].ended == state.clock.now());
  CHECK(units[1].unit.generation == 2);
  CHECK(units[1].state == UnitState::planned);
  CHECK(units[1].ended == 0);
  CHECK(units[2].unit.id == "3f");
  CHECK(units[2].error == "no");
  journal->end_run(run, RunState::cancelled, "", "{}", {});
  units = journal->units(run);
  CHECK(units[0].state == UnitState::journalled);
  CHECK(units[1].state == UnitState::aborted);
  CHECK(units[2].state == UnitState::failed);
}

TEST_CASE("thousands of units are written in few transactions, and all are there") {
  const JournalPlace state;
  auto journal = state.open();
  const auto lease = journal->acquire("p", "");
  const auto run = journal->start_run(start_of_run(), *lease);
  for (Micros i = 0; i < 3000; ++i) {
    for (const auto step : {UnitState::planned, UnitState::committing, UnitState::journalled}) {
      journal->put_unit(run, {.unit = window_unit(i, i + 1), .state = step});
    }
  }
  journal->flush();
  CHECK(state.count("select count(*) from units where state = 'journalled'") == 3000);
}

TEST_CASE("frozen values belong to a pipeline and can be replaced") {
  const JournalPlace state;
  auto journal = state.open();
  CHECK(journal->frozen("p").empty());
  journal->freeze("p", {{"wide.columns", "a,b"}, {"x", "1"}});
  journal->freeze("q", {{"x", "2"}});
  journal->freeze("p", {{"x", "3"}});
  CHECK(state.open()->frozen("p") ==
        std::map<std::string, std::string>{{"wide.columns", "a,b"}, {"x", "3"}});
}

TEST_CASE("a run's watermark is the end of what is committed without a hole") {
  JournalPlace state;
  auto journal = state.open();
  const auto lease = journal->acquire("p", "");
  const auto run_with = [&](const std::vector<Interval>& windows, RunState end) {
    const auto run = journal->start_run(start_of_run(), *lease);
    for (const auto& [from, until] : windows) {
      journal->put_unit(run, {.unit = window_unit(from, until), .state = UnitState::journalled});
    }
    journal->put_unit(run, {.unit = load_unit("x"), .state = UnitState::journalled});
    journal->put_unit(run, {.unit = window_unit(900, 1000), .state = UnitState::prepared});
    journal->end_run(run, end, "", "{}", {});
    return journal->find_run(run)->watermark;
  };
  CHECK(run_with({{100, 200}, {0, 100}, {300, 400}}, RunState::failed) == 200);
  CHECK(run_with({{100, 200}, {300, 400}}, RunState::ok) == 400);
  CHECK(run_with({}, RunState::ok) == std::nullopt);
}

TEST_CASE("many threads put units at once, and none is lost") {
  const JournalPlace state;
  auto journal = state.open();
  const auto lease = journal->acquire("p", "");
  const auto run = journal->start_run(start_of_run(), *lease);
  {
    std::vector<std::jthread> threads;
    for (Micros thread = 0; thread < 8; ++thread) {
      threads.emplace_back([&, thread] {
        for (Micros i = 0; i < 200; ++i) {
          const auto unit = window_unit(thread * 1000 + i, thread * 1000 + i + 1);
          journal->put_unit(run, {.unit = unit, .state = UnitState::prepared});
          journal->put_unit(run, {.unit = unit, .state = UnitState::journalled});
          if (i % 50 == 0) journal->put_rejects(run, unit, {{.node = "n"}}, 1);
        }
      });
    }
  }
  journal->flush();
  CHECK(state.count("select count(*) from units where state = 'journalled'") == 1600);
  CHECK(journal->rejects(run, 100).total == 32);
}

TEST_CASE("old runs go with all that was noted of them, when their instance runs again") {
  JournalPlace state;
  const JournalOptions options{.retention = 30 * kDay};
  auto journal = state.open(options);
  std::vector<std::string> runs;
  const auto run_once = [&](const std::string& instance) {
    const auto lease = journal->acquire("p", instance);
    const auto run = journal->start_run(start_of_run("p", instance), *lease);
    journal->put_unit(run, {.unit = window_unit(0, 100), .state = UnitState::journalled});
    journal->put_rejects(run, load_unit(run), {{.node = "n"}}, 1);
    journal->put_checks(run, window_unit(0, 100), {{.node = "n"}});
    journal->end_run(run, RunState::ok, "", "{}", {{.node = "n"}});
    return run;
  };
  runs.push_back(run_once(""));
  const auto other = run_once("other");
  state.clock = FixedClock(state.clock.now() + 20 * kDay);
  runs.push_back(run_once(""));
  state.clock = FixedClock(state.clock.now() + 20 * kDay);
  runs.push_back(run_once(""));
  CHECK_FALSE(journal->find_run(runs[0]));
  CHECK(journal->find_run(runs[1]));
  CHECK(journal->find_run(other));  // its instance did not run again
  CHECK(state.count("select count(*) from units") == 3);
  CHECK(state.count("select count(*) from nodes") == 3);
  CHECK(state.count("select count(*) from checks") == 3);
  CHECK(state.count("select count(*) from rejects") == 3);
  // The newest stays, however old.
  state.clock = FixedClock(state.clock.now() + 400 * kDay);
  const auto lease = journal->acquire("p", "");
  CHECK_FALSE(journal->find_run(runs[1]));
  CHECK(journal->find_run(runs[2]));
  // Nor does what the targets remember bring them back.
  auto old = window_coverage(0, 100, runs[0]);
  old.committed_at = state.clock.now() - 40 * kDay;
  journal->repair(*lease, {{.key = {}, .coverage = {old}}});
  CHECK_FALSE(journal->find_run(runs[0]));
}
