#include "engine/observe/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/text_table.h"
#include "engine/core/time.h"
#include "engine/observe/numbers.h"

namespace flowrun {
namespace {

/// How much of the time that a node could have used went into `nanoseconds`: a transform may run on
/// every worker, a source and a sink have a thread of their own.
double share_of_time(const NodeStats& node, std::int64_t nanoseconds, double seconds, int threads) {
  const double available = seconds * 1e9 * (node.kind == "transform" ? std::max(threads, 1) : 1);
  return available > 0 ? std::min(1.0, static_cast<double>(nanoseconds) / available) : 0;
}

std::int64_t ended(const NodeStats& node) {
  return node.passed + node.absorbed + node.filtered + node.rejected + node.skipped;
}

std::string count_cell(std::int64_t number) { return number == 0 ? "" : with_commas(number); }

std::string share_cell(double share) { return share == 0 ? "" : percent(share); }

/// ", 37 rejected", or nothing where there is nothing to tell.
void tell(std::string& out, std::int64_t number, const char* what) {
  if (number != 0) out += fmt::format(", {} {}", with_commas(number), what);
}

std::string run_of(const Outcome& outcome) {
  return outcome.run.empty() ? std::string(" (dry run: nothing was written)")
                             : fmt::format(" (run {})", outcome.run);
}

std::string done(const Outcome& outcome) {
  std::string sinks;
  for (const auto& node : outcome.stats->nodes) {
    if (node.kind == "sink") {
      sinks +=
          fmt::format("{} {} {}", sinks.empty() ? " →" : ",", node.name, with_commas(node.passed));
    }
  }
  const auto earlier = outcome.units_covered == 0 ? std::string()
                                                  : fmt::format(" ({} more committed earlier)",
                                                                with_commas(outcome.units_covered));
  return fmt::format("done: {}{}, {}{} in {}", counted(outcome.units_committed, outcome.unit),
                     earlier, counted(outcome.stats->rows_read, "row"), sinks,
                     format_elapsed(outcome.seconds));
}

}  // namespace

std::string node_table(const RunStats& stats, double seconds, int threads, bool color) {
  constexpr auto kRight = TextTable::Align::right;
  TextTable table;
  table.column("node").column("type");
  for (const char* title : {"in", "passed", "absorbed", "filtered", "rejected", "skipped", "made",
                            "out", "busy", "blocked", "idle"}) {
    table.column(title, kRight);
  }
  for (const auto& node : stats.nodes) {
    const double busy = busy_share(node, seconds, threads);
    const double blocked =
        std::min(1 - busy, share_of_time(node, node.blocked_ns, seconds, threads));
    table.row({node.name, node.type, with_commas(node.in), count_cell(node.passed),
               count_cell(node.absorbed), count_cell(node.filtered), count_cell(node.rejected),
               count_cell(node.skipped), count_cell(node.made),
               node.kind == "sink" ? "" : with_commas(node.out), share_cell(busy),
               share_cell(blocked), share_cell(1 - busy - blocked)});
  }
  table.drop_empty_columns();
  return table.render(color, 2);
}

std::vector<std::string> imbalances(const RunStats& stats) {
  std::vector<std::string> found;
  for (const auto& node : stats.nodes) {
    if (node.in != ended(node)) {
      found.push_back(fmt::format("{}: {} in, {} ended", node.name, counted(node.in, "row"),
                                  with_commas(ended(node))));
    } else if (node.kind != "sink" && node.out != node.passed + node.made) {
      found.push_back(fmt::format("{}: {} out, {} passed or made", node.name,
                                  counted(node.out, "row"), with_commas(node.passed + node.made)));
    }
  }
  return found;
}

std::string balance_line(const RunStats& stats) {
  std::string problems;
  for (const auto& problem : imbalances(stats))
    problems += (problems.empty() ? "" : "; ") + problem;
  // A failed attempt leaves counts of rows that were on their way; what committed was reconciled
  // unit by unit.
  if (stats.failed_attempts > 0) {
    return fmt::format(
        "every row of what committed is accounted for; the counts include rows of {}",
        counted(stats.failed_attempts, "failed attempt"));
  }
  if (!problems.empty()) return "rows are not all accounted for: " + problems;
  std::int64_t absorbed = 0;
  std::int64_t filtered = 0;
  std::int64_t rejected = 0;
  std::int64_t skipped = 0;
  std::int64_t made = 0;
  std::int64_t written = 0;
  for (const auto& node : stats.nodes) {
    absorbed += node.absorbed;
    filtered += node.filtered;
    rejected += node.rejected;
    skipped += node.skipped;
    made += node.made;
    if (node.kind == "sink") written += node.passed;
  }
  auto line = fmt::format("every row accounted for: {} read", with_commas(stats.rows_read));
  tell(line, absorbed, "absorbed");
  tell(line, filtered, "filtered");
  tell(line, rejected, "rejected");
  tell(line, skipped, "skipped");
  tell(line, made, "made");
  return line + fmt::format(", {} written", with_commas(written));
}

std::string bottleneck_line(const RunStats& stats, double seconds, int threads) {
  const auto found = find_bottleneck(stats, seconds, threads);
  if (found.side == LimitedBy::unknown) return {};
  const auto node = std::find_if(stats.nodes.begin(), stats.nodes.end(),
                                 [&](const NodeStats& each) { return each.name == found.node; });
  const auto busy = node == stats.nodes.end() ? 0 : busy_share(*node, seconds, threads);
  return fmt::format("limited by {}: the busiest node was {}, {} of the time",
                     to_string(found.side), found.node, percent(busy));
}

std::string end_line(const Outcome& outcome) {
  const auto committed = counted(outcome.units_committed, outcome.unit);
  const auto elapsed = format_elapsed(outcome.seconds);
  std::string line = outcome.instance.empty() ? "" : outcome.instance + ": ";
  switch (outcome.end) {
    case Outcome::End::ok:
      line += done(outcome);
      break;
    case Outcome::End::up_to_date:
      line += fmt::format("up to date: everything was committed earlier, nothing to do; took {}",
                          elapsed);
      break;
    case Outcome::End::failed:
      line += fmt::format(
          "failed after {} in {}; what was committed stays, the next run goes on from there",
          committed, elapsed);
      break;
    case Outcome::End::cancelled:
      line += fmt::format("stopped after {} in {}; the next run goes on from there", committed,
                          elapsed);
      break;
    case Outcome::End::skipped:
      return line + "skipped";
  }
  return line + run_of(outcome);
}

std::string summary(const Outcome& outcome, bool color) {
  std::string out;
  const bool worked =
      outcome.end != Outcome::End::up_to_date && outcome.end != Outcome::End::skipped;
  if (outcome.stats != nullptr && worked) {
    out += node_table(*outcome.stats, outcome.seconds, outcome.threads, color);
    // A run that was cut short has rows on their way that ended nowhere.
    if (outcome.end == Outcome::End::ok) out += balance_line(*outcome.stats) + "\n";
    if (const auto line = bottleneck_line(*outcome.stats, outcome.seconds, outcome.threads);
        !line.empty()) {
      out += line + "\n";
    }
  }
  if (!outcome.checks.empty()) out += outcome.checks + "\n";
  if (outcome.rejects_stored > 0) {
    out += fmt::format("{} kept: flowrun rejects {} {}\n",
                       counted(outcome.rejects_stored, "reject"), outcome.run, outcome.file);
  }
  const bool good = outcome.end == Outcome::End::ok || outcome.end == Outcome::End::up_to_date;
  const auto line = end_line(outcome);
  return out + (color ? fmt::format("\x1b[1;{}m{}\x1b[0m", good ? 32 : 31, line) : line) + "\n";
}

}  // namespace flowrun
