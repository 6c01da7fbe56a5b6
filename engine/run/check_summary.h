// How the rules of checks came out over all units of a run, one line per rule.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/spec/check.h"
#include "engine/state/journal.h"

namespace flowrun {

/// One rule over several units.
struct CheckSummary {
  std::string node;
  std::string rule;
  OnFail on_fail = OnFail::error;
  std::int64_t units = 0;         ///< that it was judged over
  std::int64_t units_failed = 0;  ///< in which it does not hold
  std::int64_t rows = 0;
  std::int64_t failed = 0;  ///< rows that break it
  // Of the first unit in which it does not hold; "" where there is none.
  std::string unit;
  std::string detail;
  std::string origin;
};

/// Adds the results of one unit, or of some; rules stand in the order in which they first came.
void summarize(std::vector<CheckSummary>& summaries, const std::vector<StoredCheck>& checks);
/// Adds what was found elsewhere, later.
void merge(std::vector<CheckSummary>& summaries, const std::vector<CheckSummary>& others);

/// `check "sane" of node "sound" does not hold in window …: 3 of 9 rows: …; first at a.csv:7 (and
/// in 2 more units)`.
[[nodiscard]] std::string text_of_failure(const CheckSummary& summary);

}  // namespace flowrun
