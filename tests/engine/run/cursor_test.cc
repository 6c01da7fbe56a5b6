// Cursors (windows.md 21): which rows a load takes, what a mark remembers, and what failures leave.
#include <random>

#include "engine/core/error.h"
#include "engine/run/cursor_filter.h"
#include "tests/engine/run/fake_pipeline.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

constexpr const char* kFields = "place string, at timestamp, v int64";
constexpr Micros kNow = 10 * kDay;

CursorSpec spec_of(bool per_place = true) {
  CursorSpec spec{.column = 1};
  if (per_place) spec.per = {0};
  return spec;
}

/// The values v of the rows that are taken.
std::vector<std::string> taken(CursorFilter& filter, const std::string& rows) {
  const auto result = filter.take(batch_of(kFields, rows));
  std::vector<std::string> values;
  if (result.rows) {
    for (std::int64_t row = 0; row < result.rows->rows(); ++row) {
      values.push_back(std::to_string(
          result.rows->column(2).values<std::int64_t>()[static_cast<std::size_t>(row)]));
    }
  }
  return values;
}

CursorFilter filter_of(const CursorSpec& spec, CursorMarks from = {},
                       std::optional<CursorMarks> to = {}) {
  return {spec, schema_of(kFields), {.from = std::move(from), .to = std::move(to)}, kNow};
}

using Values = std::vector<std::string>;

const std::string kFirst =
    "suez,1970-01-01T00:00:01,1\n"
    "suez,1970-01-01T00:00:02,2\n"
    "suez,1970-01-01T00:00:02,3\n"
    "aden,1970-01-01T00:00:09,4\n";

}  // namespace

TEST_CASE("rule 21: a second reading takes nothing, and a tie that came later is found") {
  const auto spec = spec_of();
  auto first = filter_of(spec);
  CHECK(taken(first, kFirst) == Values{"1", "2", "3", "4"});
  const auto marks = first.reached();
  REQUIRE(marks.size() == 2);
  CHECK(marks.at("place=suez").value == "1970-01-01T00:00:02");
  CHECK(marks.at("place=suez").ties.size() == 2);
  CHECK(marks.at("place=aden").value == "1970-01-01T00:00:09");

  auto again = filter_of(spec, marks);
  CHECK(taken(again, kFirst).empty());
  CHECK(again.reached().empty());
  CHECK_FALSE(again.held_back());

  // A tie at the mark, a row equal to one there already, an older one, a newer one, a new place.
  auto later = filter_of(spec, marks);
  CHECK(taken(later, kFirst + "suez,1970-01-01T00:00:02,5\nsuez,1970-01-01T00:00:02,3\n"
                              "suez,1970-01-01T00:00:01,6\naden,1970-01-01T00:00:10,7\n"
                              "bab,1970-01-01T00:00:00,8\n") == Values{"5", "3", "7", "8"});
  const auto moved = later.reached();
  std::int64_t ties = 0;
  for (const auto& [digest, count] : moved.at("place=suez").ties) ties += count;
  CHECK(ties == 4);
  CHECK(moved.size() == 3);
}

TEST_CASE("a load that was planned is read again exactly, whatever came since") {
  const auto spec = spec_of();
  auto first = filter_of(spec);
  static_cast<void>(taken(first, kFirst));
  const auto old = first.reached();
  const auto grown = kFirst + "suez,1970-01-01T00:00:02,5\nsuez,1970-01-01T00:00:03,6\n";
  auto planned = filter_of(spec, old);
  CHECK(taken(planned, grown) == Values{"5", "6"});

  auto again = filter_of(spec, old, planned.reached());
  CHECK(taken(again, grown + "suez,1970-01-01T00:00:03,7\nsuez,1970-01-01T00:00:04,8\n"
                             "suez,1970-01-01T00:00:02,9\n") == Values{"5", "6", "9"});
  CHECK(again.held_back());
  // A row in the middle of the range that was not there then is taken, too: it would be behind the
  // mark for ever. The digest says that something changed.
  CHECK(again.rows() == 3);
  CHECK(again.digest() != planned.digest());
}

TEST_CASE("one mark for all rows where the cursor is not per anything") {
  const auto spec = spec_of(false);
  auto first = filter_of(spec);
  CHECK(taken(first, kFirst) == Values{"1", "2", "3", "4"});
  const auto marks = first.reached();
  REQUIRE(marks.size() == 1);
  CHECK(marks.begin()->first.empty());
  auto later = filter_of(spec, marks);
  CHECK(taken(later, "suez,1970-01-01T00:00:03,9\naden,1970-01-01T00:00:09,10\n") == Values{"10"});
}

TEST_CASE("the first load begins at `initial`, that value included") {
  auto spec = spec_of();
  spec.initial = "1970-01-01T00:00:02";
  auto filter = filter_of(spec);
  CHECK(taken(filter, kFirst) == Values{"2", "3", "4"});
}

TEST_CASE("rows from the future are rejected and move nothing; young ones wait for `lag`") {
  auto spec = spec_of();
  spec.max_ahead = kHour;
  auto filter = filter_of(spec);
  const auto result =
      filter.take(batch_of(kFields, "suez,1970-01-11T01:00:00,1\nsuez,1970-01-11T01:00:01,2\n"));
  REQUIRE(result.rejects.size() == 1);
  CHECK(result.rejects[0].reason == "the cursor lies in the future");
  CHECK(result.rejects[0].value == "1970-01-11T01:00:01");
  CHECK(filter.reached().at("place=suez").value == "1970-01-11T01:00:00");
  CHECK(filter.held_back());

  spec.lag = kHour;
  auto lagging = filter_of(spec);
  CHECK(taken(lagging, "suez,1970-01-10T23:00:00,1\nsuez,1970-01-10T23:00:01,2\n") == Values{"1"});
  CHECK(lagging.held_back());
}

TEST_CASE("rows without a value of the cursor are rejected, skipped or loaded") {
  auto spec = spec_of();
  const std::string rows = "suez,,1\nsuez,1970-01-01T00:00:01,2\n";
  auto rejecting = filter_of(spec);
  const auto rejected = rejecting.take(batch_of(kFields, rows));
  REQUIRE(rejected.rejects.size() == 1);
  CHECK(rejected.rejects[0].column == "at");
  spec.on_missing = OnMissing::skip;
  auto skipping = filter_of(spec);
  const auto skipped = skipping.take(batch_of(kFields, rows));
  CHECK(skipped.skipped == 1);
  CHECK(skipped.old == 0);
  CHECK(skipped.rejects.empty());
  spec.on_missing = OnMissing::load;
  auto loading = filter_of(spec);
  CHECK(taken(loading, rows) == Values{"1", "2"});
}

TEST_CASE("a column that came since leaves the rows at the mark known") {
  const auto spec = spec_of();
  auto first = filter_of(spec);
  static_cast<void>(taken(first, kFirst));
  const std::string wider = std::string(kFields) + ", note string";
  CursorFilter filter(spec, schema_of(wider), {.from = first.reached(), .to = {}}, kNow);
  const auto result =
      filter.take(batch_of(wider,
                           "suez,1970-01-01T00:00:02,2,a\nsuez,1970-01-01T00:00:02,3,b\n"
                           "suez,1970-01-01T00:00:02,5,c\n"));
  REQUIRE(result.rows);
  CHECK(result.rows->rows() == 1);
  CHECK(filter.reached().at("place=suez").ties.size() == 3);
  // One that went makes them unknown: an error, unless loading them again does no harm.
  const std::string narrower = "place string, at timestamp";
  CursorFilter strict(spec, schema_of(narrower), {.from = first.reached(), .to = {}}, kNow);
  CHECK_THROWS_AS(strict.take(batch_of(narrower, "suez,1970-01-01T00:00:02\n")), Error);
  CursorFilter lenient(spec, schema_of(narrower),
                       {.from = first.reached(), .to = {}, .may_repeat_ties = true}, kNow);
  CHECK(lenient.take(batch_of(narrower, "suez,1970-01-01T00:00:02\n")).rows->rows() == 1);
}

namespace {

/// A source with a cursor and two sinks that append.
struct Incremental {
  FakePipeline p;
  std::shared_ptr<std::vector<FakeInput>> inputs = std::make_shared<std::vector<FakeInput>>();
  std::shared_ptr<FakeTarget> one = std::make_shared<FakeTarget>();
  std::shared_ptr<FakeTarget> other = std::make_shared<FakeTarget>();
  std::string text;
  int version = 0;

  Incremental() {
    one->append = other->append = true;
    const auto rows = p.source("rows", kFields, inputs);
    p.instance.nodes[rows].cursor = spec_of();
    p.sink("one", {{rows, 0}}, one);
    p.sink("other", {{rows, 0}}, other);
    p.options.batch_rows = 2;
  }
  void add(const std::string& rows) {
    text += rows;
    *inputs = {{"file", "f" + std::to_string(++version), text}};
  }
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace

TEST_CASE("rule 21: a sink that fails gets exactly what the other one got, and nothing twice") {
  for (const std::string step : {"prepare", "commit"}) {
    Incremental s;
    s.add("suez,1970-01-01T00:00:01,1\nsuez,1970-01-01T00:00:02,2\n");
    CHECK(s.p.run().message == "");
    s.add("suez,1970-01-01T00:00:02,3\naden,1970-01-01T00:00:05,4\n");
    s.other->at = [&](const std::string& now, const Unit&) {
      if (now == step) throw Error(Errc::data, "planted");
    };
    CHECK(s.p.run().state == RunState::failed);
    s.other->at = nullptr;
    s.add("suez,1970-01-01T00:00:03,5\naden,1970-01-01T00:00:05,6\n");
    const auto report = s.p.run();
    CHECK(report.message == "");
    CHECK(s.one->sorted() == lines_of(s.text));
    CHECK(s.other->sorted() == lines_of(s.text));
    CHECK(s.p.run().up_to_date);
  }
}

TEST_CASE(
    "rule 21: a load is journalled before a sink prepares it, and withdrawn where it fails there") {
  Incremental s;
  const auto load = [&] {
    const auto states = s.p.journal->cursors(s.p.plan.name, s.p.instance.name);
    const auto found = states.find("rows");
    return found != states.end() && found->second.load.has_value();
  };
  s.add("suez,1970-01-01T00:00:01,1\n");
  int prepared = 0;
  // A sink's prepared file may outlive the process: the next run must know which load it is of.
  s.one->at = [&](const std::string& step, const Unit&) {
    if (step == "prepare") prepared += load() ? 1 : 100;
  };
  s.other->at = [&](const std::string& step, const Unit&) {
    if (step == "prepare") throw Error(Errc::data, "planted");
  };
  CHECK(s.p.run().state == RunState::failed);
  CHECK(prepared == 1);
  CHECK_FALSE(load());
  s.other->at = [&](const std::string& step, const Unit&) {
    if (step == "commit") throw Error(Errc::data, "planted");
  };
  CHECK(s.p.run().state == RunState::failed);
  CHECK(load());  // the other sink has it
  s.other->at = nullptr;
  CHECK(s.p.run().message == "");
  CHECK(s.other->sorted() == lines_of(s.text));
}

TEST_CASE("rule 1: a sink that lost everything, or is new, gets what the cursor has passed") {
  Incremental s;
  s.add("suez,1970-01-01T00:00:01,1\nsuez,1970-01-01T00:00:02,2\n");
  CHECK(s.p.run().message == "");
  s.other->rows.clear();
  s.other->coverage.clear();
  s.add("suez,1970-01-01T00:00:03,3\n");
  CHECK(s.p.run().message == "");
  CHECK(s.one->sorted() == lines_of(s.text));
  CHECK(s.other->sorted() == lines_of(s.text));
  CHECK(s.p.run().up_to_date);
}

TEST_CASE("rows that nothing is known of are not appended to what a sink holds") {
  Incremental s;
  s.add("suez,1970-01-01T00:00:01,1\n");
  CHECK(s.p.run().message == "");
  s.p.journal->put_cursors(s.p.plan.name, s.p.instance.name, {{"rows", {}}});
  s.add("suez,1970-01-01T00:00:03,3\n");
  const auto report = s.p.run();
  CHECK(report.code == Errc::plan);
  CHECK(report.message.find("flowrun state set") != std::string::npos);
  s.p.options.full = true;
  CHECK(s.p.run().code == Errc::plan);
}

TEST_CASE("rule 21: whatever fails, and however files grow, each row is in each sink once") {
  std::minstd_rand random(7);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 40; ++round) {
    Incremental s;
    std::map<std::string, int> newest;
    for (int run = 0; run < 8; ++run) {
      std::string rows;
      for (int i = pick(6); i > 0; --i) {
        const std::string place = pick(2) == 0 ? "suez" : "aden";
        newest[place] = std::min(59, newest[place] + pick(3));
        rows += fmt::format("{},1970-01-01T00:00:{:02},{}\n", place, newest[place], pick(3));
      }
      if (!rows.empty()) s.add(rows);
      if (s.text.empty()) continue;
      auto& failing = pick(2) == 0 ? s.one : s.other;
      const auto what = pick(4);
      if (what < 3) {
        const std::string step = what == 0 ? "write" : what == 1 ? "prepare" : "commit";
        const auto code = pick(2) == 0 ? Errc::data : Errc::io;
        int left = 1 + pick(3);
        failing->at = [step, code, left](const std::string& now, const Unit&) mutable {
          if (now == step && left-- > 0) throw Error(code, "planted");
        };
      }
      static_cast<void>(s.p.run());
      failing->at = nullptr;
    }
    if (s.text.empty()) continue;
    const auto report = s.p.run();
    CHECK(report.message == "");
    CHECK(s.one->sorted() == lines_of(s.text));
    CHECK(s.other->sorted() == lines_of(s.text));
  }
}
