// Coverage, generations, attempts: what happens when something fails, and what the next run does.
#include "tests/engine/run/fake_pipeline.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

std::string hour_rows(int from, int until, const std::string& mark) {
  std::string text;
  for (int i = from; i < until; ++i) {
    text += format_timestamptz(i * 30 * kMinute) + "," + mark + std::to_string(i) + "\n";
  }
  return text;
}

/// A source with hourly windows and one sink.
struct Simple {
  FakePipeline p;
  std::shared_ptr<std::vector<FakeInput>> inputs = std::make_shared<std::vector<FakeInput>>();
  std::shared_ptr<FakeTarget> target = std::make_shared<FakeTarget>();

  explicit Simple(bool append, bool windowed = true) {
    target->append = append;
    inputs->push_back({"day1", "f1", hour_rows(0, 8, "a")});
    const auto rows = p.source("rows", "ts timestamptz, v string", inputs);
    p.sink("out", {{rows, 0}}, target);
    if (windowed) p.window("ts", kHour);
    p.options.batch_rows = 1;
  }
  void fail_at(const std::string& unit, const std::string& step, Errc code) {
    target->at = [=](const std::string& now, const Unit& u) {
      if (now == step && u.id == unit) throw Error(code, "planted");
    };
  }
};

}  // namespace

TEST_CASE(
    "rule 1: a run that failed is finished by the next one, nothing lost and nothing doubled") {
  for (const bool append : {false, true}) {
    for (const std::string step : {"begin", "write", "prepare", "commit"}) {
      Simple s(append);
      s.fail_at("1970-01-01T02:00:00", step, Errc::data);
      const auto failed = s.p.run();
      INFO(step << ": " << failed.message);
      CHECK(failed.state == RunState::failed);
      CHECK(failed.message.find("planted") != std::string::npos);
      CHECK(s.target->rows.count("1970-01-01T02:00:00") == 0);
      s.target->at = nullptr;
      const auto report = s.p.run();
      CHECK(report.message == "");
      CHECK(s.target->sorted().size() == 8);
      CHECK(s.target->commits.size() == 5);
      CHECK(s.p.run().up_to_date);
    }
  }
}

TEST_CASE("rule 12: what somebody else's failure may have caused is tried again with a new graph") {
  Simple s(true);
  int left = 2;
  s.target->at = [&](const std::string& step, const Unit& unit) {
    if (step == "commit" && unit.id == "1970-01-01T01:00:00" && left-- > 0)
      throw Error(Errc::io, "planted");
  };
  const auto report = s.p.run();
  CHECK(report.message == "");
  CHECK(report.attempts == 3);
  CHECK(s.target->sorted().size() == 8);
  left = 99;
  s.inputs->push_back({"day2", "f2", hour_rows(2, 4, "b")});
  const auto failed = s.p.run();
  CHECK(failed.attempts == 3);
  CHECK(exit_code(failed) == 1);
}

TEST_CASE(
    "rule 3: a changed input is loaded again where the sink can, and refused where it cannot") {
  for (const bool windowed : {true, false}) {
    Simple upsert(false, windowed);
    REQUIRE(upsert.p.run().state == RunState::ok);
    (*upsert.inputs)[0] = {"day1", "f1-edited", hour_rows(0, 8, "z")};
    REQUIRE(upsert.p.run().message == "");
    if (windowed) {
      CHECK(upsert.target->sorted().front().find("z0") != std::string::npos);
      CHECK(upsert.target->coverage.front().generation == 2);
      CHECK(upsert.target->sorted().size() == 8);
    }
    Simple append(true, windowed);
    REQUIRE(append.p.run().state == RunState::ok);
    const auto before = append.target->sorted();
    (*append.inputs)[0].fingerprint = "f1-edited";
    const auto refused = append.p.run();
    CHECK(exit_code(refused) == 2);
    CHECK(refused.message.find("input rows:day1 has changed since it was loaded") !=
          std::string::npos);
    CHECK(append.target->sorted() == before);
  }
}

TEST_CASE("rule 3: a changed plan is a new generation, or refused") {
  Simple upsert(false);
  REQUIRE(upsert.p.run().state == RunState::ok);
  upsert.p.instance.nodes.back().plan_hash = "h2";
  REQUIRE(upsert.p.run().message == "");
  CHECK(upsert.target->coverage.front().generation == 2);
  CHECK(upsert.p.run().up_to_date);

  Simple append(true);
  REQUIRE(append.p.run().state == RunState::ok);
  append.p.instance.nodes.back().plan_hash = "h2";
  CHECK(exit_code(append.p.run()) == 2);
}

TEST_CASE("rule 2: new inputs are loaded on top; append reads nothing twice") {
  for (const bool windowed : {true, false}) {
    for (const bool append : {true, false}) {
      Simple s(append, windowed);
      REQUIRE(s.p.run().state == RunState::ok);
      s.inputs->push_back(
          {"day2", "f2", hour_rows(6, 12, "b")});  // overlaps the last hour of day 1
      const auto report = s.p.run();
      INFO("windowed " << windowed << " append " << append << ": " << report.message);
      REQUIRE(report.state == RunState::ok);
      if (windowed || append) CHECK(s.target->sorted().size() == 14);
      CHECK(s.p.run().up_to_date);
    }
  }
}

TEST_CASE("windows that end before the first row of a new input are not loaded again") {
  Simple s(false);
  s.p.instance.nodes.back().window_keyed = false;  // one at a time, in order
  REQUIRE(s.p.run().state == RunState::ok);
  s.target->commits.clear();
  s.inputs->push_back({"day2", "f2", hour_rows(6, 12, "b")});
  REQUIRE(s.p.run().state == RunState::ok);
  CHECK(s.target->commits == std::vector<std::string>{"1970-01-01T03:00:00", "1970-01-01T04:00:00",
                                                      "1970-01-01T05:00:00", "unplaced"});
}

TEST_CASE("append: an interrupted run is finished with its inputs before new ones are read") {
  Simple s(true);
  s.fail_at("1970-01-01T02:00:00", "commit", Errc::data);
  REQUIRE(s.p.run().state == RunState::failed);
  s.target->at = nullptr;
  s.inputs->push_back({"day2", "f2", hour_rows(2, 12, "b")});
  const auto report = s.p.run();
  REQUIRE(report.message == "");
  CHECK(s.target->sorted().size() == 18);
}

TEST_CASE("rule 1: a deleted target is uncovered, whatever the journal says") {
  Simple s(false);
  REQUIRE(s.p.run().state == RunState::ok);
  s.target->rows.clear();
  s.target->coverage.clear();
  s.target->commits.clear();
  REQUIRE(s.p.run().state == RunState::ok);
  CHECK(s.target->sorted().size() == 8);
}

TEST_CASE("--full loads again what is covered, and append refuses it") {
  Simple s(false);
  REQUIRE(s.p.run().state == RunState::ok);
  s.p.options.full = true;
  REQUIRE(s.p.run().message == "");
  CHECK(s.target->coverage.front().generation == 2);
  Simple append(true);
  REQUIRE(append.p.run().state == RunState::ok);
  append.p.options.full = true;
  CHECK(append.p.run().message.find("--full would load rows twice") != std::string::npos);
}

TEST_CASE("rule 15: sinks that are not window-keyed commit in order, never past a failed window") {
  Simple s(false);
  s.p.instance.nodes.back().window_keyed = false;
  s.fail_at("1970-01-01T01:00:00", "prepare", Errc::data);
  REQUIRE(s.p.run().state == RunState::failed);
  CHECK(s.target->commits == std::vector<std::string>{"1970-01-01T00:00:00"});
}

TEST_CASE("one sink of two that failed is caught up, the other is left alone") {
  FakePipeline p;
  auto inputs = std::make_shared<std::vector<FakeInput>>();
  inputs->push_back({"day1", "f1", hour_rows(0, 8, "a")});
  auto first = std::make_shared<FakeTarget>();
  auto second = std::make_shared<FakeTarget>();
  first->append = second->append = true;
  const auto rows = p.source("rows", "ts timestamptz, v string", inputs);
  p.sink("one", {{rows, 0}}, first);
  p.sink("two", {{rows, 0}}, second);
  p.window("ts", kHour);
  second->at = [](const std::string& step, const Unit& unit) {
    if (step == "commit" && unit.id == "1970-01-01T02:00:00") throw Error(Errc::data, "planted");
  };
  REQUIRE(p.run().state == RunState::failed);
  second->at = nullptr;
  REQUIRE(p.run().message == "");
  CHECK(first->sorted().size() == 8);
  CHECK(second->sorted() == first->sorted());
}

TEST_CASE("an accumulator over its limit names a lateness that fits, and with it the run passes") {
  FakePipeline p;
  auto inputs = std::make_shared<std::vector<FakeInput>>();
  inputs->push_back({"big", "f1", hour_rows(0, 1000, "a")});
  auto target = std::make_shared<FakeTarget>();
  const auto rows = p.source("rows", "ts timestamptz, v string", inputs);
  const auto kept = p.keep_all("kept", {rows, 0}, 64 * 100);
  p.sink("out", {{kept, 0}}, target);
  auto& window = p.window("ts", kHour);
  window.lateness.reset();
  p.options.batch_rows = 1;
  const auto report = p.run();
  CHECK(exit_code(report) == 1);
  INFO(report.message);
  const std::string mark = "set lateness = \"";
  const auto at = report.message.find(mark);
  REQUIRE(at != std::string::npos);
  const auto text = report.message.substr(at + mark.size());
  window.lateness = parse_duration(text.substr(0, text.find('"'))).value();
  const auto next = p.run();
  CHECK(next.message == "");
  CHECK(target->sorted().size() == 1000);
}

TEST_CASE(
    "accumulators without a limit of their own share one, and the error says who holds what") {
  FakePipeline p;
  auto inputs = std::make_shared<std::vector<FakeInput>>();
  inputs->push_back({"in", "f1", hour_rows(0, 100, "a")});
  const auto rows = p.source("rows", "ts timestamptz, v string", inputs);
  for (const auto* name : {"one", "two"}) {
    const auto kept = p.keep_all(name, {rows, 0}, 64 * 150);
    p.instance.nodes[kept].shares_memory = true;
    p.sink(std::string("out_") + name, {{kept, 0}}, std::make_shared<FakeTarget>());
  }
  const auto report = p.run();
  CHECK(exit_code(report) == 1);
  INFO(report.message);
  CHECK(report.message.find("with the other nodes that keep rows), over its limit of") !=
        std::string::npos);
  for (auto& node : p.instance.nodes) node.memory = 64 * 200;
  CHECK(p.run().message == "");
}

TEST_CASE("asked to stop, a run ends as cancelled and the next one completes it") {
  Simple s(true);
  std::stop_source stop;
  s.p.options.stop = stop.get_token();
  s.target->at = [&](const std::string& step, const Unit& unit) {
    if (step == "prepare" && unit.id == "1970-01-01T01:00:00") stop.request_stop();
  };
  const auto report = s.p.run();
  CHECK(report.state == RunState::cancelled);
  CHECK(exit_code(report) == 130);
  CHECK(s.target->rows.count("1970-01-01T01:00:00") == 1);  // what was prepared is finished
  s.p.options.stop = {};
  s.target->at = nullptr;
  REQUIRE(s.p.run().message == "");
  CHECK(s.target->sorted().size() == 8);
}

TEST_CASE("two runs of one instance at a time: the second says who holds the lease") {
  Simple s(false);
  const auto lease = s.p.journal->acquire("fake", "");
  const auto report = s.p.run();
  CHECK(exit_code(report) == 75);
  CHECK(report.state == RunState::skipped);
}
