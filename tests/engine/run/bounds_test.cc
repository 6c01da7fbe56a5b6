// Where windows begin and end when that is known at the start of a run only.
#include "engine/run/bounds.h"

#include "tests/engine/run/fake_pipeline.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

std::string rows_of(int from, int until) {
  std::string text;
  for (int i = from; i < until; ++i) {
    text += format_timestamptz(i * 30 * kMinute) + ",r" + std::to_string(i) + "\n";
  }
  return text;
}

/// A source that reads ranges of time, two rows an hour for a day; one sink; hourly windows.
struct Ranged {
  FakePipeline p;
  std::shared_ptr<std::vector<FakeInput>> inputs = std::make_shared<std::vector<FakeInput>>();
  std::shared_ptr<FakeTarget> target = std::make_shared<FakeTarget>();

  explicit Ranged(const std::string& name = "p") {
    inputs->push_back({"table", "the table", rows_of(0, 48)});
    const auto rows = p.source("rows", "ts timestamptz, v string", inputs, true);
    p.sink("out", {{rows, 0}}, target);
    p.window("ts", kHour);
    p.plan.name = name;
  }
  WindowSpec& window() { return *p.instance.window; }
  /// Runs once at `now`, with windows until then.
  RunReport run_at(Micros now) {
    p.plan.now = now;
    window().until = snap_down(now, window().every, 0);
    return p.run();
  }
  [[nodiscard]] std::vector<std::string> take_commits() {
    return std::exchange(target->commits, {});
  }
};

std::string hour(int h) { return format_timestamp(h * kHour); }

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("rule 9: from = watermark begins at initial, then goes on where it stopped") {
  Ranged s;
  s.window().from_watermark = true;
  s.window().from = 3 * kHour;  // initial
  CHECK(s.run_at(5 * kHour).message == "");
  CHECK(s.take_commits() == Names{hour(3), hour(4)});
  CHECK(s.p.journal->frozen("p").at("origin of ") == format_timestamptz(3 * kHour));
  s.window().from =
      9 * kHour;  // initial = "now" has moved on; what is missing is loaded all the same
  CHECK(s.run_at(9 * kHour).message == "");
  CHECK(s.take_commits() == Names{hour(5), hour(6), hour(7), hour(8)});
  CHECK(s.run_at(9 * kHour).up_to_date);
  CHECK(s.target->sorted().size() == 12);
}

TEST_CASE("rule 9: a hole left by a failed window is where the next run goes on") {
  Ranged s;
  s.window().from_watermark = true;
  s.window().from = 0;
  s.target->at = [&](const std::string& step, const Unit& unit) {
    if (step == "commit" && unit.id == hour(1)) throw Error(Errc::data, "planted");
  };
  CHECK(s.run_at(4 * kHour).state == RunState::failed);
  s.target->at = nullptr;
  CHECK(s.run_at(4 * kHour).message == "");
  CHECK(s.target->sorted().size() == 8);
}

TEST_CASE("rule 9: windows end to the microsecond where another pipeline began") {
  Ranged s("batch");
  const Micros origin = 5 * kHour + 30 * kMinute;
  s.window().from = 2 * kHour;
  s.window().until_origin = "realtime";
  CHECK(s.run_at(4 * kHour).message == "");  // it has not begun: until now
  CHECK(s.take_commits() == Names{hour(2), hour(3)});
  s.p.journal->freeze("realtime", {{"origin of ", format_timestamptz(origin)}});
  CHECK(s.run_at(9 * kHour).message == "");
  CHECK(s.take_commits() == Names{hour(4), hour(5)});
  CHECK(s.target->sorted().size() ==
        7);  // 2:00 to 5:00, two an hour: the row of 5:30 is not theirs
  CHECK(s.target->coverage.back().interval.until == origin);
  CHECK(s.run_at(12 * kHour).up_to_date);
}

TEST_CASE("rule 9: an origin that is missing ends the run where nothing else is said") {
  Ranged s("batch");
  s.window().from = 0;
  s.window().until_origin = "realtime";
  const auto report = s.p.run();
  CHECK(exit_code(report) == 2);
  CHECK(report.message.find("pipeline \"realtime\" has not begun yet") != std::string::npos);
}

TEST_CASE("rule 9: origins are matched by matrix values") {
  Ranged s("batch");
  s.p.instance.name = "ship=b";
  s.window().from = 0;
  s.window().until_origin = "realtime";
  s.p.journal->freeze("realtime", {{"origin of ship=a", format_timestamptz(2 * kHour)},
                                   {"origin of mode=x,ship=b", format_timestamptz(3 * kHour)}});
  CHECK(s.p.run().message == "");
  CHECK(s.take_commits() == Names{hour(0), hour(1), hour(2)});
}

TEST_CASE("rule 8: windows loaded soon after their end are loaded once more, and no more") {
  Ranged s;
  s.window().from_watermark = true;
  s.window().from = 0;
  s.window().revisit = 2 * kHour;
  CHECK(s.run_at(4 * kHour).message == "");
  CHECK(s.take_commits() == Names{hour(0), hour(1), hour(2), hour(3)});
  // 0:00 and 1:00 had ended two hours before; 2:00 and 3:00 had not.
  s.inputs->front().rows += format_timestamptz(2 * kHour + kMinute) + ",late\n";
  CHECK(s.run_at(5 * kHour).message == "");
  CHECK(s.take_commits() == Names{hour(2), hour(4)});
  CHECK(s.target->sorted().size() == 11);
  CHECK(s.run_at(6 * kHour).message == "");
  CHECK(s.take_commits() == Names{hour(3), hour(5)});
  CHECK(s.run_at(6 * kHour).up_to_date);
}
