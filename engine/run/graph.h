// Plan -> flow graph: which nodes share a body, and which edges stand between bodies.
#pragma once

#include <oneapi/tbb/flow_graph.h>

#include <memory>
#include <vector>

#include "engine/run/attempt_context.h"
#include "engine/run/sink_thread.h"
#include "engine/run/stages.h"

namespace flowrun {

/// Chains of plan nodes that are fused into one body, in plan order; only stateless transforms are
/// in them. A chain ends where an edge must stand: at splits (several ports), several consumers,
/// accumulators, nodes with several inputs and sinks.
[[nodiscard]] std::vector<std::vector<std::size_t>> fuse_chains(const InstancePlan& instance);

/// The nodes of one attempt's flow graph, wired. Sources' ports are wired, too; who drives them is
/// not part of it.
class Graph {
 public:
  /// `sinks` by sink number, in plan order.
  Graph(tbb::flow::graph& graph, AttemptContext& context, RunStats& stats);
  /// Adds transforms, accumulators and sinks, and connects everything.
  void connect(const std::vector<std::unique_ptr<SinkThread>>& sinks);

  [[nodiscard]] NodeBase& node(std::size_t i) { return *nodes_[i]; }
  [[nodiscard]] const std::vector<std::unique_ptr<Stage>>& stages() const { return stages_; }

 private:
  void add_stage(const std::vector<std::size_t>& members, std::unique_ptr<Stage> stage);

  tbb::flow::graph* graph_;
  AttemptContext* context_;
  std::vector<std::unique_ptr<NodeBase>> nodes_;  ///< by plan node
  std::vector<std::unique_ptr<Stage>> stages_;
  std::vector<Stage*> stage_of_;  ///< by plan node; null for sources
};

}  // namespace flowrun
