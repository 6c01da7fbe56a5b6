// One attempt: a one-shot flow graph over some inputs, run to its end.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/run/committer.h"
#include "engine/run/source_driver.h"
#include "engine/run/stages.h"

namespace flowrun {

/// What an attempt works on and with. Everything outlives the attempt.
struct AttemptConfig {
  const Plan* plan = nullptr;
  const InstancePlan* instance = nullptr;
  const RunOptions* options = nullptr;
  Log* log = nullptr;
  Journal* journal = nullptr;    ///< null in dry runs
  const Lease* lease = nullptr;  ///< null in dry runs
  CoveragePlan* coverage = nullptr;
  Credits* credits = nullptr;
  RunStats* stats = nullptr;
  std::string run;
  std::int64_t epoch = 0;
  std::int32_t number = 1;
  std::vector<std::unique_ptr<Sink>> sinks;  ///< by sink number
  std::vector<SinkContext> sink_contexts;
  std::vector<SourceWork> sources;  ///< by source number
  std::vector<std::string> input_names;
  /// Sources with cursors: called when a load is read to its end and before anything of it commits.
  /// Any thread.
  std::function<void(const std::vector<const CursorFilter*>&)> on_cursors;
  /// The load that on_cursors noted failed before anything of it was committed. Never throws.
  std::function<void()> withdraw_cursors;
};

struct AttemptResult {
  std::optional<Error> error;  ///< nothing where all went well
  std::vector<CommittedPart> committed;
  std::int64_t rejects_stored = 0;
  std::vector<CheckSummary> checks;
};

/// Builds the graph, runs it, commits; never throws. A run that lost a message ends with
/// Errc::internal.
[[nodiscard]] AttemptResult run_attempt(AttemptConfig config);

/// The numbers of worker threads that an option of 0 stands for.
[[nodiscard]] int worker_threads(const RunOptions& options);

/// Plan nodes of a kind, in plan order: what source and sink numbers count.
[[nodiscard]] std::vector<std::size_t> nodes_of(const InstancePlan& instance, NodeKind kind);

}  // namespace flowrun
