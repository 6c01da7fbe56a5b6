// Sides that wait for one another (windows.md 11).
#include <algorithm>

#include "tests/engine/run/fake_pipeline.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

/// Two sides: `late` stands first in the file and waits for `early`.
struct TwoSides {
  FakePipeline p;
  std::shared_ptr<FakeTarget> early = std::make_shared<FakeTarget>();
  std::shared_ptr<FakeTarget> late = std::make_shared<FakeTarget>();
  std::vector<std::string> order;  ///< what was begun or committed, by side
  std::shared_ptr<std::vector<FakeInput>> late_input = std::make_shared<std::vector<FakeInput>>(
      std::vector<FakeInput>{{"l", "f2", "2026-01-01T00:20:00Z,x\n2026-01-01T01:20:00Z,y\n"}});
  std::shared_ptr<std::vector<FakeInput>> early_input = std::make_shared<std::vector<FakeInput>>(
      std::vector<FakeInput>{{"e", "f1", "2026-01-01T00:10:00Z,a\n2026-01-01T01:10:00Z,b\n"}});

  TwoSides() {
    const auto l = p.source("l", "ts timestamptz, v string", late_input);
    const auto to = p.sink("late", {{l, 0}}, late);
    const auto e = p.source("e", "ts timestamptz, v string", early_input);
    const auto te = p.sink("early", {{e, 0}}, early);
    p.instance.sides = {{e, te}, {l, to}};
    p.instance.nodes[l].after = {te};
    p.window("ts", kHour);
    early->at = [this](const std::string& step, const Unit& unit) { note("early", step, unit); };
    late->at = [this](const std::string& step, const Unit& unit) { note("late", step, unit); };
  }

  void note(const std::string& side, const std::string& step, const Unit& unit) {
    if (step == "begin" || step == "commit") order.push_back(side + " " + step + " " + unit.id);
  }
};

}  // namespace

TEST_CASE("rule 11: the named sink has committed every window before the waiting side reads one") {
  TwoSides two;
  const auto report = two.p.run();
  CHECK(report.message == "");
  REQUIRE(report.state == RunState::ok);
  const auto first_late =
      std::find_if(two.order.begin(), two.order.end(),
                   [](const std::string& step) { return step.starts_with("late"); });
  CHECK(std::count(two.order.begin(), first_late, "early commit 2026-01-01T00:00:00") == 1);
  CHECK(std::count(two.order.begin(), first_late, "early commit 2026-01-01T01:00:00") == 1);
  CHECK(two.early->sorted().size() == 2);
  CHECK(two.late->sorted().size() == 2);
  CHECK(report.units_committed == 2);  // windows, not windows of each side
  CHECK(two.p.run().up_to_date);
}

TEST_CASE("rule 11: what fails on the first side keeps the second from reading, and both go on") {
  TwoSides two;
  two.p.plan.retry.attempts = 1;
  two.early->refuse = "b";  // a reject that nothing takes ends the run
  CHECK(two.p.run().state == RunState::failed);
  CHECK(two.late->sorted().empty());
  two.early->refuse.clear();
  CHECK(two.p.run().state == RunState::ok);
  CHECK(two.early->sorted().size() == 2);
  CHECK(two.late->sorted().size() == 2);
}

TEST_CASE("rule 11: new input of one side is no reason to load the other again") {
  TwoSides two;
  REQUIRE(two.p.run().state == RunState::ok);
  two.early_input->push_back({"e2", "f3", "2026-01-01T05:00:00Z,c\n"});
  two.order.clear();
  REQUIRE(two.p.run().state == RunState::ok);
  CHECK(two.early->sorted().size() == 3);
  CHECK(std::none_of(two.order.begin(), two.order.end(),
                     [](const std::string& step) { return step.starts_with("late"); }));
}
