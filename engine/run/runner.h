// Runs a plan: every instance under its lease, attempt by attempt, until everything asked for is
// covered.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/core/clock.h"
#include "engine/core/error.h"
#include "engine/core/log.h"
#include "engine/observe/stats.h"
#include "engine/plan/plan.h"
#include "engine/run/check_summary.h"
#include "engine/state/journal.h"

namespace flowrun {

/// Faults that tests plant. Empty functions do nothing.
struct TestHooks {
  /// Called before each node works on a message; may sleep (jitter).
  std::function<void(const std::string& node)> before_body;
  /// True drops the message that `node` is about to send on `port`.
  std::function<bool(const std::string& node, const std::string& port)> drop;
  /// Called at steps of a unit ("prepared", "committing", "committed"); may throw or end the
  /// process.
  std::function<void(const std::string& step, const Unit& unit)> at_step;
};

/// One unit that became visible, for progress lines.
struct UnitDone {
  std::string instance;
  Unit unit;
  std::int64_t rows = 0;  ///< that sinks wrote
  std::int64_t rejected = 0;
  double seconds = 0;  ///< since the unit was opened
};

struct RunOptions {
  int threads = 0;          ///< workers; 0: one per core
  bool full = false;        ///< load again what is covered (idempotent sinks only)
  bool dry_run = false;     ///< everything but the sinks and the journal
  bool own_sinks = false;   ///< dry runs: the plan's sinks are used, as they write nowhere (tests)
  std::int64_t limit = -1;  ///< rows per source, dry runs only; -1: all
  std::int64_t batch_rows = kMaxBatchRows;
  std::int64_t batch_bytes = kMaxBatchBytes;
  std::stop_token stop;  ///< asked to stop: prepared units finish, nothing new starts
  std::function<void(const UnitDone&)> on_unit;  ///< any thread, one at a time
  std::function<void(const std::string& instance, std::shared_ptr<const RunStats>)> on_start;
  TestHooks hooks;
};

struct RunServices {
  Journal* journal = nullptr;  ///< never null unless dry_run
  const Clock* clock = nullptr;
  Log* log = nullptr;
};

/// How one instance's run ended.
struct RunReport {
  std::string run;  ///< its id; "" for dry runs
  std::string instance;
  RunState state = RunState::ok;
  bool up_to_date = false;   ///< ok, and there was nothing to do
  std::optional<Errc> code;  ///< of the error that ended it
  std::string message;
  double seconds = 0;
  int attempts = 1;
  int threads = 1;
  std::int64_t units_committed = 0;
  std::int64_t units_covered = 0;
  std::int64_t rejects_stored = 0;  ///< that no sink took, kept in the journal
  std::vector<std::string> warnings;
  std::vector<CheckSummary> checks;  ///< one entry per rule
  std::shared_ptr<const RunStats> stats;
};

/// Exit code of a report: 0, 1, 2, 3, 70, 75, 130.
[[nodiscard]] int exit_code(const RunReport& report);

/// Runs every instance of `plan`, at most plan.parallel at once. Never throws: what went wrong is
/// in the reports, one per instance in plan order.
[[nodiscard]] std::vector<RunReport> run_plan(const Plan& plan, const RunOptions& options,
                                              const RunServices& services);

/// What a run would do, without touching anything.
struct PlannedSink {
  std::string sink;
  std::string target;
  std::vector<PlanStep> steps;
  std::vector<Coverage> covered;
};
struct PlannedInstance {
  std::string instance;
  std::vector<PlannedSink> sinks;
  std::vector<std::string>
      units;  ///< windows or loads to run, abridged to what is known before reading
  std::vector<std::string> inputs;  ///< "data/a.csv (12.1 MiB, new)"
  std::vector<std::string> notes;   ///< what nodes found out while the pipeline was planned
  bool up_to_date = false;
};
/// Throws Error. `journal` may be null: then nothing is known of earlier file coverage.
[[nodiscard]] PlannedInstance preview_run(const Plan& plan, const InstancePlan& instance,
                                          const RunOptions& options, const RunServices& services);

/// Shows what arrives at `from` by running everything upstream of it on this thread, writing
/// nothing: at most `rows` rows (all where absent). Throws Error. Rejects go to `reject` where it
/// is set.
void scan(const InstancePlan& instance, EdgeFrom from, std::optional<std::int64_t> rows,
          const std::function<void(const Batch&)>& visit,
          const std::function<void(const Reject&)>& reject = {});

}  // namespace flowrun
