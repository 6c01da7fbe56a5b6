// The last lines of a run: what became of every row, where the time went, and what to do next.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/observe/stats.h"

namespace flowrun {

/// How one instance's run ended, as far as its summary tells.
struct Outcome {
  enum class End { ok, up_to_date, failed, cancelled, skipped };
  End end = End::ok;
  std::string file;  ///< the pipeline file, as given
  std::string instance;
  std::string run;              ///< its id; "" for a dry run
  std::string unit = "window";  ///< what a unit is called: "window" or "load"
  std::int64_t units_committed = 0;
  std::int64_t units_covered = 0;  ///< needed no work
  std::int64_t rejects_stored = 0;
  std::string checks;  ///< a line on how checks came out; "" without any
  double seconds = 0;
  int threads = 1;
  const RunStats* stats = nullptr;  ///< null where the run did not get so far
};

/// A line per node: rows by what became of them, and how its time went. Columns without a number
/// are left out.
[[nodiscard]] std::string node_table(const RunStats& stats, double seconds, int threads,
                                     bool color);

/// Nodes whose counts do not add up, as "wide: 100 rows in, 99 ended"; empty where each row ended
/// once.
[[nodiscard]] std::vector<std::string> imbalances(const RunStats& stats);

/// "every row accounted for: 2,600 read, 37 rejected, …"; says which nodes do not balance where
/// some do not.
[[nodiscard]] std::string balance_line(const RunStats& stats);

/// "the busiest node was wide: 78 % busy, so the run was limited by cpu"; "" where nothing was
/// busy.
[[nodiscard]] std::string bottleneck_line(const RunStats& stats, double seconds, int threads);

/// The one line that says how it ended: "done: 6 windows, 2,600 rows → engine 432 in 0.05 s (run
/// …)".
[[nodiscard]] std::string end_line(const Outcome& outcome);

/// All of it, each line ended by '\n'.
[[nodiscard]] std::string summary(const Outcome& outcome, bool color);

}  // namespace flowrun
