#include "engine/run/check_summary.h"

#include <fmt/format.h>

#include <algorithm>

namespace flowrun {
namespace {

CheckSummary summary_of(const StoredCheck& check) {
  const auto& result = check.result;
  CheckSummary summary{.node = check.node,
                       .rule = result.rule,
                       .on_fail = result.on_fail,
                       .units = 1,
                       .rows = result.rows,
                       .failed = result.failed};
  if (result.passed) return summary;
  summary.units_failed = 1;
  summary.unit = check.unit;
  summary.detail = result.detail;
  summary.origin = result.origin;
  return summary;
}

void add(std::vector<CheckSummary>& summaries, const CheckSummary& other) {
  const auto found = std::find_if(
      summaries.begin(), summaries.end(),
      [&](const CheckSummary& each) { return each.node == other.node && each.rule == other.rule; });
  if (found == summaries.end()) {
    summaries.push_back(other);
    return;
  }
  if (found->units_failed == 0) {
    found->unit = other.unit;
    found->detail = other.detail;
    found->origin = other.origin;
  }
  found->units += other.units;
  found->units_failed += other.units_failed;
  found->rows += other.rows;
  found->failed += other.failed;
}

}  // namespace

void summarize(std::vector<CheckSummary>& summaries, const std::vector<StoredCheck>& checks) {
  for (const auto& check : checks) add(summaries, summary_of(check));
}

void merge(std::vector<CheckSummary>& summaries, const std::vector<CheckSummary>& others) {
  for (const auto& other : others) add(summaries, other);
}

std::string text_of_failure(const CheckSummary& summary) {
  const auto more = summary.units_failed - 1;
  return fmt::format(
      "check \"{}\" of node \"{}\" does not hold in {}: {}{}{}", summary.rule, summary.node,
      summary.unit, summary.detail,
      summary.origin.empty() ? "" : "; the first is " + summary.origin,
      more <= 0 ? "" : fmt::format(" (and in {} more {})", more, more == 1 ? "unit" : "units"));
}

}  // namespace flowrun
