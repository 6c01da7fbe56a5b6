#include "engine/observe/summary.h"

#include "tests/support/catch.h"

using namespace flowrun;

namespace {

constexpr std::int64_t kMillisecond = 1'000'000;

NodeStats& add(RunStats& stats, const char* name, const char* type, const char* kind) {
  auto& node = stats.nodes.emplace_back();
  node.name = name;
  node.type = type;
  node.kind = kind;
  return node;
}

/// 1,000 rows read, 10 of them rejected and taken by a sink, the rest pivoted to 90 wide rows.
void fill(RunStats& stats) {
  auto& source = add(stats, "readings", "csv", "source");
  source.in = 1000;
  source.passed = source.out = 990;
  source.rejected = 10;
  source.busy_ns = 20 * kMillisecond;
  source.blocked_ns = 40 * kMillisecond;
  auto& wide = add(stats, "wide", "pivot", "transform");
  wide.in = wide.absorbed = 990;
  wide.made = wide.out = 90;
  wide.busy_ns = 160 * kMillisecond;
  auto& table = add(stats, "engine", "sqlite", "sink");
  table.in = table.passed = 90;
  table.busy_ns = 10 * kMillisecond;
  auto& bad = add(stats, "bad", "ndjson", "sink");
  bad.in = bad.passed = 10;
  stats.rows_read = 1000;
}

Outcome outcome_of(const RunStats& stats) {
  Outcome outcome;
  outcome.run = "20261121T131500-4f2a";
  outcome.units_committed = 6;
  outcome.seconds = 0.1;
  outcome.threads = 2;
  outcome.stats = &stats;
  return outcome;
}

}  // namespace

TEST_CASE("the table has a line per node and no column without a number") {
  RunStats stats;
  fill(stats);
  CHECK(node_table(stats, 0.1, 2, false) ==
        "  node      type       in  passed  absorbed  rejected  made  out  busy  blocked   idle\n"
        "  readings  csv     1,000     990                  10        990  10 %     40 %   50 %\n"
        "  wide      pivot     990               990              90   90  80 %            20 %\n"
        "  engine    sqlite     90      90                                 10 %            90 %\n"
        "  bad       ndjson     10      10                                                100 %\n");
}

TEST_CASE("the balance tells what became of every row") {
  RunStats stats;
  fill(stats);
  CHECK(imbalances(stats).empty());
  CHECK(balance_line(stats) ==
        "every row accounted for: 1,000 read, 990 absorbed, 10 rejected, 90 made, 100 written");
}

TEST_CASE("the balance names the nodes where rows are missing") {
  RunStats stats;
  fill(stats);
  stats.nodes[1].absorbed = 989;
  stats.nodes[0].out = 989;
  CHECK(balance_line(stats) ==
        "rows are not all accounted for: readings: 989 rows out, 990 passed or made; wide: 990 "
        "rows in, 989 ended");
  stats.failed_attempts = 1;
  CHECK(
      balance_line(stats) ==
      "every row of what committed is accounted for; the counts include rows of 1 failed attempt");
}

TEST_CASE("the bottleneck is the node that was busiest for what it could be") {
  RunStats stats;
  fill(stats);
  CHECK(bottleneck_line(stats, 0.1, 2) ==
        "limited by cpu: the busiest node was wide, 80 % of the time");
  CHECK(bottleneck_line(RunStats(), 0.1, 2).empty());
}

TEST_CASE("a source that decodes in parallel has all workers, one that reads has one thread") {
  RunStats stats;
  auto& source = add(stats, "a", "csv", "source");
  source.busy_ns = 100 * kMillisecond;
  CHECK(busy_share(source, 0.1, 2) == 0.5);
  source.read_ns = 90 * kMillisecond;
  CHECK(busy_share(source, 0.1, 2) == 0.9);
  auto& sink = add(stats, "b", "null", "sink");
  sink.busy_ns = 95 * kMillisecond;
  CHECK(find_bottleneck(stats, 0.1, 2).side == LimitedBy::sink);
  CHECK(busy_share(source, 0, 2) == 0);
}

TEST_CASE("the last line says how it ended") {
  RunStats stats;
  fill(stats);
  auto outcome = outcome_of(stats);
  CHECK(end_line(outcome) ==
        "done: 6 windows, 1,000 rows → engine 90, bad 10 in 0.10 s (run 20261121T131500-4f2a)");
  outcome.units_covered = 3;
  outcome.instance = "ship=a";
  outcome.unit = "load";
  outcome.units_committed = 1;
  CHECK(end_line(outcome) ==
        "ship=a: done: 1 load (3 more committed earlier), 1,000 rows → engine 90, bad 10 in 0.10 s "
        "(run 20261121T131500-4f2a)");
  outcome.instance.clear();
  outcome.end = Outcome::End::up_to_date;
  CHECK(end_line(outcome) ==
        "up to date: everything was committed earlier, nothing to do; took 0.10 s (run "
        "20261121T131500-4f2a)");
  outcome.end = Outcome::End::failed;
  CHECK(end_line(outcome) ==
        "failed after 1 load in 0.10 s; what was committed stays, the next run goes on from there "
        "(run 20261121T131500-4f2a)");
  outcome.end = Outcome::End::cancelled;
  outcome.run.clear();
  CHECK(end_line(outcome) ==
        "stopped after 1 load in 0.10 s; the next run goes on from there (dry run: nothing was "
        "written)");
}

TEST_CASE("a summary of a finished run holds table, balance, bottleneck, rejects and the end") {
  RunStats stats;
  fill(stats);
  auto outcome = outcome_of(stats);
  outcome.rejects_stored = 4;
  outcome.file = "p.toml";
  const auto text = summary(outcome, false);
  CHECK(text.find("every row accounted for") != std::string::npos);
  CHECK(text.find("4 rejects kept: flowrun rejects 20261121T131500-4f2a p.toml\n") !=
        std::string::npos);
  CHECK(text.ends_with("(run 20261121T131500-4f2a)\n"));
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(summary(outcome, true).find("\x1b[1;32mdone:") != std::string::npos);
}

TEST_CASE("a run that was cut short makes no statement about the balance") {
  RunStats stats;
  fill(stats);
  stats.nodes[1].absorbed = 500;
  auto outcome = outcome_of(stats);
  outcome.end = Outcome::End::failed;
  const auto text = summary(outcome, false);
  CHECK(text.find("accounted") == std::string::npos);
  CHECK(text.find("readings") != std::string::npos);
}

TEST_CASE("a run that had nothing to do has no table") {
  RunStats stats;
  fill(stats);
  auto outcome = outcome_of(stats);
  outcome.end = Outcome::End::up_to_date;
  const auto text = summary(outcome, false);
  CHECK(text.find("readings") == std::string::npos);
  CHECK(text.starts_with("up to date"));
}
