// The way of a batch: windows, counted ends, lost messages, rejects, order of commits.
#include "tests/engine/run/fake_pipeline.h"
#include "tests/support/catch.h"

#include <random>
#include <thread>

using namespace flowrun;
using namespace flowrun::testing;

namespace {

std::shared_ptr<std::vector<FakeInput>> inputs(std::vector<FakeInput> list) {
  return std::make_shared<std::vector<FakeInput>>(std::move(list));
}

/// Six rows in three hourly windows, the middle hour empty.
const std::string kHours =
    "2026-01-01T00:10:00Z,a\n2026-01-01T00:50:00Z,b\n2026-01-01T02:00:00Z,c\n"
    "2026-01-01T02:59:59Z,d\n2026-01-01T03:00:00Z,e\n2026-01-01T03:30:00Z,f\n";

}  // namespace

TEST_CASE(
    "rule 6: windows open as rows appear and commit in order with the empty stretch covered") {
  FakePipeline p;
  auto target = std::make_shared<FakeTarget>();
  const auto rows = p.source("rows", "ts timestamptz, v string", inputs({{"in", "f1", kHours}}));
  const auto out = p.sink("out", {{rows, 0}}, target);
  p.instance.nodes[out].window_keyed = false;  // one at a time, in order
  p.window("ts", kHour);
  p.options.batch_rows = 1;
  const auto report = p.run();
  CHECK(report.message == "");
  REQUIRE(report.state == RunState::ok);
  CHECK(target->commits == std::vector<std::string>{"2026-01-01T00:00:00", "2026-01-01T02:00:00",
                                                    "2026-01-01T03:00:00", "unplaced"});
  CHECK(target->sorted().size() == 6);
  const auto second = target->coverage.at(1).interval;
  CHECK(format_timestamp(second.from) ==
        "2026-01-01T01:00:00");  // the hour without rows is covered, too
  CHECK(format_timestamp(second.until) == "2026-01-01T03:00:00");
  CHECK(report.units_committed == 3);  // windows; the rows without a time are no window

  const auto again = p.run();
  CHECK(again.state == RunState::ok);
  CHECK(again.up_to_date);
  CHECK(target->commits.size() == 4);
}

TEST_CASE(
    "a message that is lost anywhere ends the run as a bug and commits nothing of its window") {
  for (const std::string victim : {"rows", "upper", "kept"}) {
    FakePipeline p;
    auto target = std::make_shared<FakeTarget>();
    const auto rows = p.source("rows", "ts timestamptz, v string", inputs({{"in", "f1", kHours}}));
    const auto upper = p.transform("upper", {rows, 0},
                                   {{.name = "", .schema = schema_of("ts timestamptz, v string")}},
                                   [](const BatchRef& batch, Output& out) { out.emit(0, batch); });
    const auto kept = p.keep_all("kept", {upper, 0});
    p.sink("out", {{kept, 0}}, target);
    p.window("ts", kHour);
    p.options.batch_rows = 1;
    std::atomic<int> sent{0};
    p.options.hooks.drop = [&](const std::string& node, const std::string&) {
      return node == victim && ++sent == 3;
    };
    const auto report = p.run();
    INFO(victim << ": " << report.message);
    CHECK(exit_code(report) == 70);
    CHECK(report.message.find("a message was lost before") != std::string::npos);
    CHECK(target->rows.count("2026-01-01T02:00:00") + target->rows.count("2026-01-01T03:00:00") <
          2);
    CHECK(target->rows.count("unplaced") == 0);

    p.options.hooks = {};  // and the next run loads what is missing, and nothing twice
    CHECK(p.run().state == RunState::ok);
    CHECK(target->sorted().size() == 6);
  }
}

TEST_CASE("a node whose rows do not add up is a bug") {
  FakePipeline p;
  auto target = std::make_shared<FakeTarget>();
  const auto rows = p.source("rows", "ts timestamptz, v string", inputs({{"in", "f1", kHours}}));
  const auto leaky = p.transform(
      "leaky", {rows, 0}, {{.name = "", .schema = schema_of("ts timestamptz, v string")}},
      [](const BatchRef& batch, Output& out) { out.emit(0, slice(*batch, 1, batch->rows() - 1)); });
  p.sink("out", {{leaky, 0}}, target);
  const auto report = p.run();
  CHECK(exit_code(report) == 70);
  CHECK(report.message.find("node \"leaky\" (apply): bug: rows do not add up: 6 in, 5 passed") !=
        std::string::npos);
  CHECK(target->commits.empty());
}

TEST_CASE(
    "rule 13: results are the same at 1 and N threads, batch sizes 1, 3 and 4096, with jitter") {
  std::string text;
  for (int i = 0; i < 500; ++i) {
    text +=
        format_timestamptz(1'767'225'600'000'000 + i * kMinute) + ",r" + std::to_string(i) + "\n";
  }
  std::vector<std::string> expected;
  for (const int threads : {1, 2, 4}) {
    for (const std::int64_t batch_rows : {1, 3, 4096}) {
      FakePipeline p;
      auto target = std::make_shared<FakeTarget>();
      const auto rows = p.source("rows", "ts timestamptz, v string", inputs({{"in", "f1", text}}));
      const auto kept = p.keep_all("kept", {rows, 0});
      p.sink("out", {{kept, 0}}, target);
      p.window("ts", kHour);
      p.options.threads = threads;
      p.options.batch_rows = batch_rows;
      p.options.hooks.before_body = [](const std::string&) {
        thread_local std::minstd_rand random(std::random_device{}());
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 200));
      };
      REQUIRE(p.run().state == RunState::ok);
      std::vector<std::string> lines;
      for (const auto& [unit, kept_lines] : target->rows)
        lines.insert(lines.end(), kept_lines.begin(), kept_lines.end());
      REQUIRE(lines.size() == 500);
      if (expected.empty()) expected = lines;
      CHECK(lines == expected);  // in the order of the input, whatever happened on the way
    }
  }
}

TEST_CASE(
    "rule 6: late rows are judged row by row, whatever the batches, and follow their own policy") {
  const std::string text =
      "2026-01-01T00:10:00Z,a\n2026-01-01T01:10:00Z,b\n2026-01-01T00:20:00Z,late\n"
      "2026-01-01T01:20:00Z,c\n2026-01-01T02:00:00Z,d\n";
  for (const std::int64_t batch_rows : {1, 2, 100}) {
    FakePipeline p;
    auto target = std::make_shared<FakeTarget>();
    auto bad = std::make_shared<FakeTarget>();
    const auto rows = p.source("rows", "ts timestamptz, v string", inputs({{"in", "f1", text}}));
    p.sink("out", {{rows, 0}}, target);
    p.sink("bad", {{rows, 1}}, bad);
    auto& window = p.window("ts", kHour);
    p.options.batch_rows = batch_rows;
    SECTION("reject, at " + std::to_string(batch_rows)) {
      REQUIRE(p.run().state == RunState::ok);
      CHECK(target->sorted().size() == 4);
      REQUIRE(bad->sorted().size() == 1);
      CHECK(bad->sorted().front().find("late: its window had ended (lateness 0s)") !=
            std::string::npos);
      CHECK(bad->sorted().front().find("in:3") != std::string::npos);
    }
    SECTION("fail, at " + std::to_string(batch_rows)) {
      window.late = LatePolicy::fail;
      const auto report = p.run();
      CHECK(exit_code(report) == 1);
      CHECK(report.message.find("raise lateness in [window] (now 0s)") != std::string::npos);
    }
    SECTION("skip, at " + std::to_string(batch_rows)) {
      window.late = LatePolicy::skip;
      const auto report = p.run();
      REQUIRE(report.state == RunState::ok);
      CHECK(report.stats->nodes[0].skipped == 1);
      CHECK(target->sorted().size() == 4);
    }
    SECTION("enough lateness, at " + std::to_string(batch_rows)) {
      window.lateness = kHour;
      REQUIRE(p.run().state == RunState::ok);
      CHECK(target->sorted().size() == 5);
    }
  }
}

TEST_CASE("rule 6: files that overlap in time are read side by side and none is late") {
  std::string even;
  std::string odd;
  std::string after;
  for (int i = 0; i < 300; ++i) {
    const auto line =
        format_timestamptz(1'767'225'600'000'000 + i * kMinute) + ",x" + std::to_string(i) + "\n";
    (i < 200 ? (i % 2 == 0 ? even : odd) : after) += line;
  }
  FakePipeline p;
  auto target = std::make_shared<FakeTarget>();
  const auto rows = p.source("rows", "ts timestamptz, v string",
                             inputs({{"c", "1", after}, {"a", "2", even}, {"b", "3", odd}}));
  p.sink("out", {{rows, 0}}, target);
  p.window("ts", 10 * kMinute);
  p.options.batch_rows = 2;
  const auto report = p.run();
  INFO(report.message);
  REQUIRE(report.state == RunState::ok);
  CHECK(target->sorted().size() == 300);
  CHECK(report.stats->nodes[0].rejected == 0);
}

TEST_CASE(
    "rule 7: rows from the future are rejects, rows outside the range are filtered, both counted") {
  FakePipeline p;
  auto target = std::make_shared<FakeTarget>();
  auto bad = std::make_shared<FakeTarget>();
  p.plan.now = parse_timestamp("2026-01-01T03:00:00Z")->wall;
  const auto rows =
      p.source("rows", "ts timestamptz, v string",
               inputs({{"in", "f1", kHours + "2026-01-01T09:00:00Z,future\n,untimed\n"}}));
  p.sink("out", {{rows, 0}}, target);
  p.sink("bad", {{rows, 1}}, bad);
  auto& window = p.window("ts", kHour);
  window.from = parse_timestamp("2026-01-01T02:00:00Z")->wall;
  REQUIRE(p.run().message == "");
  CHECK(target->sorted().size() == 5);  // four in range, and the one without a time
  CHECK(target->rows.at("unplaced") == std::vector<std::string>{",untimed"});
  REQUIRE(bad->sorted().size() == 1);
  CHECK(bad->sorted().front().find("event time lies in the future") != std::string::npos);
}

TEST_CASE("rule 17: what a sink refuses goes to the reject sink before data commits") {
  FakePipeline p;
  auto target = std::make_shared<FakeTarget>();
  auto bad = std::make_shared<FakeTarget>();
  target->refuse = ",c";
  std::vector<std::string> steps;
  const auto note = [&](const std::string& who) {
    return [&steps, who](const std::string& step, const Unit& unit) {
      if (step == "prepare" || step == "commit") steps.push_back(who + " " + step + " " + unit.id);
    };
  };
  target->at = note("data");
  bad->at = note("rejects");
  const auto rows = p.source("rows", "ts timestamptz, v string", inputs({{"in", "f1", kHours}}));
  const auto out = p.sink("out", {{rows, 0}}, target);
  p.sink("bad", {{out, 0}}, bad);
  p.instance.nodes[out].window_keyed = false;  // one at a time, in order
  p.window("ts", kHour);
  REQUIRE(p.run().message == "");
  CHECK(target->sorted().size() == 5);
  REQUIRE(bad->sorted().size() == 1);
  CHECK(bad->sorted().front().find("refused by the target") != std::string::npos);
  CHECK(std::vector<std::string>(steps.begin(), steps.begin() + 4) ==
        std::vector<std::string>{
            "data prepare 2026-01-01T00:00:00", "rejects prepare 2026-01-01T00:00:00",
            "rejects commit 2026-01-01T00:00:00", "data commit 2026-01-01T00:00:00"});
}

TEST_CASE("rejects that nothing takes end the run, are skipped and stored, or are limited") {
  FakePipeline p;
  auto target = std::make_shared<FakeTarget>();
  const auto rows = p.source("rows", "ts timestamptz, v string", inputs({{"in", "f1", kHours}}));
  const auto picky = p.transform(
      "picky", {rows, 0}, {{.name = "", .schema = schema_of("ts timestamptz, v string")}},
      [](const BatchRef& batch, Output& out) {
        for (std::int64_t i = 0; i < batch->rows(); ++i) {
          if (batch->column(1).text(i) == "c" || batch->column(1).text(i) == "d") {
            out.reject({.reason = "no good",
                        .column = "v",
                        .value = std::string(batch->column(1).text(i)),
                        .ordinal = batch->ordinal(i)});
          } else {
            out.emit(0, slice(*batch, i, 1));
          }
        }
      });
  p.sink("out", {{picky, 0}}, target);
  p.window("ts", kHour);
  auto& limits = p.instance.nodes[picky].limits;
  SECTION("fail is what happens when nobody says otherwise") {
    const auto report = p.run();
    CHECK(exit_code(report) == 1);
    CHECK(report.message.find("node \"picky\" (apply): rejected a row that nothing takes: in:3: "
                              "column \"v\": no good: \"c\"") != std::string::npos);
    CHECK(target->rows.count("2026-01-01T02:00:00") == 0);
    CHECK(p.journal->rejects(report.run, 10).total >= 1);
  }
  SECTION("skip stores them") {
    limits.on_error = OnError::skip;
    const auto report = p.run();
    REQUIRE(report.state == RunState::ok);
    CHECK(target->sorted().size() == 4);
    const auto stored = p.journal->rejects(report.run, 10);
    REQUIRE(stored.total == 2);
    CHECK(stored.kept.at(0).reject.origin == "in:3");
    CHECK(report.stats->nodes[picky].rejected == 2);
  }
  SECTION("a limit that holds") {
    limits.max_rejects = 2;
    CHECK(p.run().state == RunState::ok);
  }
  SECTION("a limit that does not") {
    limits.max_rejects = 1;
    const auto report = p.run();
    CHECK(report.message.find("more than max_rejects = 1") != std::string::npos);
    CHECK(target->rows.count("2026-01-01T02:00:00") == 0);
  }
  SECTION("a ratio that does not hold") {
    limits.max_reject_ratio = 0.25;
    p.instance.nodes.back().window_keyed =
        false;  // in order: the bad rows are two of the first four
    CHECK(p.run().message.find("rejected 2 of 4 rows, more than max_reject_ratio = 0.25") !=
          std::string::npos);
  }
}

TEST_CASE("a source that reads ranges has at most in_flight windows open") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += format_timestamptz(i * kMinute) + ",x\n";
  FakePipeline p;
  auto target = std::make_shared<FakeTarget>();
  std::atomic<int> open{0};
  std::atomic<int> most{0};
  target->at = [&](const std::string& step, const Unit&) {
    if (step == "begin") most = std::max(most.load(), ++open);
    if (step == "commit") {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      --open;
    }
  };
  const auto rows =
      p.source("rows", "ts timestamptz, v string", inputs({{"in", "f1", text}}), true);
  p.sink("out", {{rows, 0}}, target);
  auto& window = p.window("ts", 10 * kMinute);
  window.from = 0;
  window.until = 120 * kMinute;
  window.in_flight = 3;
  const auto report = p.run();
  REQUIRE(report.message == "");
  CHECK(target->sorted().size() == 100);
  CHECK(report.units_committed ==
        12);  // two of them without rows: closed stretches are covered, too
  CHECK(most <= 3);
}
