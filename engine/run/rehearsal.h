// Runs an instance on rows at hand and keeps what leaves chosen ports: for the tests in pipeline
// files.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/run/runner.h"

namespace flowrun {

/// What goes in, and where to look.
struct Rehearsal {
  /// By source. A source that is named in neither list has no rows.
  std::map<std::string, std::vector<BatchRef>> rows;
  std::vector<std::string> reads_itself;  ///< sources that read what they read in a run
  std::vector<std::string> watch;         ///< ports ("wide", "by_system.rejected") and sinks
};

/// The rows of one port: windows by time, rows without a time and loads last, each by ordinal.
struct WatchedRows {
  SchemaRef schema;
  std::vector<BatchRef> batches;
};

struct Rehearsed {
  RunReport report;
  std::map<std::string, WatchedRows> rows;  ///< by name of what was watched
};

/// Where `name` is in an instance: a port's edge, or the edges that lead into a sink; empty where
/// there is no such thing.
[[nodiscard]] std::vector<EdgeFrom> find_port(const InstancePlan& instance,
                                              const std::string& name);

/// Runs the instance's graph as a run does, without its sinks and without a journal. Throws
/// Error(usage) for a name that is nowhere; how the run went is in the report.
[[nodiscard]] Rehearsed rehearse(const Plan& plan, const InstancePlan& instance,
                                 const Rehearsal& rehearsal, const RunOptions& options,
                                 const RunServices& services);

}  // namespace flowrun
