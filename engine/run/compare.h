// What a pipeline would write, beside what its targets hold.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/plan/plan.h"
#include "engine/run/row_sums.h"
#include "engine/run/runner.h"

namespace flowrun {

/// One window (or all rows, without windows) of one target.
struct ComparedUnit {
  std::string unit;  ///< "2026-01-01T00:00:00Z..2026-01-01T02:00:00Z", "rows without a time", "all"
  RowSum source;
  RowSum target;
  [[nodiscard]] bool equal() const { return source == target; }
};

struct ComparedTarget {
  std::string target;
  std::vector<std::string> sinks;  ///< that write it, "ship=a: engine"
  std::vector<ComparedUnit> units;
  std::string skipped;  ///< why it was not compared; "" where it was
};

/// Runs everything upstream of the data sinks without writing, reads the targets' same columns
/// back, and adds both up by window. With windows only those are compared that the sinks hold (and
/// that lie in the bounds of the command line, if `bounded`): what is not loaded yet is no
/// difference. Instances that write one target are added up together. Throws Error.
[[nodiscard]] std::vector<ComparedTarget> compare_plan(const Plan& plan, bool bounded,
                                                       const RunOptions& options,
                                                       const RunServices& services);

}  // namespace flowrun
