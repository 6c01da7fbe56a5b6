#include "engine/run/graph.h"

#include <algorithm>

namespace flowrun {
namespace {

std::size_t consumers_of(const InstancePlan& instance, std::size_t node, std::size_t port) {
  std::size_t count = 0;
  for (const auto& other : instance.nodes) {
    for (const auto& from : other.inputs) count += from.node == node && from.port == port ? 1 : 0;
  }
  return count;
}

bool stateless(const PlanNode& node) {
  return node.kind == NodeKind::transform && static_cast<bool>(node.binding.make_transform);
}

/// True where `next` can run in the same body right behind the node that feeds it.
bool fuses(const InstancePlan& instance, std::size_t next) {
  const auto& node = instance.nodes[next];
  if (!stateless(node) || node.inputs.size() != 1) return false;
  const auto& from = node.inputs.front();
  const auto& feeder = instance.nodes[from.node];
  return stateless(feeder) && feeder.binding.outputs.size() == 1 && from.port == 0 &&
         consumers_of(instance, from.node, 0) == 1;
}

/// The numbers are those of the whole instance, of which this may be one side.
NodeStats& stats_of(RunStats& stats, const std::string& name) {
  const auto found = std::find_if(stats.nodes.begin(), stats.nodes.end(),
                                  [&](const NodeStats& node) { return node.name == name; });
  if (found == stats.nodes.end()) bug("node \"{}\" has no numbers", name);
  return *found;
}

}  // namespace

std::vector<std::vector<std::size_t>> fuse_chains(const InstancePlan& instance) {
  std::vector<std::vector<std::size_t>> chains;
  for (std::size_t i = 0; i < instance.nodes.size(); ++i) {
    if (!stateless(instance.nodes[i])) continue;
    if (fuses(instance, i)) {
      const auto feeder = instance.nodes[i].inputs.front().node;
      const auto chain = std::find_if(chains.begin(), chains.end(), [&](const auto& members) {
        return members.back() == feeder;
      });
      chain->push_back(i);
    } else {
      chains.push_back({i});
    }
  }
  return chains;
}

Graph::Graph(tbb::flow::graph& graph, AttemptContext& context, RunStats& stats)
    : graph_(&graph), context_(&context), stage_of_(context.instance->nodes.size()) {
  for (std::size_t i = 0; i < context.instance->nodes.size(); ++i) {
    nodes_.push_back(std::make_unique<NodeBase>(
        context, i, stats_of(stats, context.instance->nodes[i].name), graph));
  }
}

void Graph::add_stage(const std::vector<std::size_t>& members, std::unique_ptr<Stage> stage) {
  for (const auto member : members) stage_of_[member] = stage.get();
  stages_.push_back(std::move(stage));
}

void Graph::connect(const std::vector<std::unique_ptr<SinkThread>>& sinks) {
  const auto& plan = context_->instance->nodes;
  for (const auto& members : fuse_chains(*context_->instance)) {
    std::vector<TransformStage::Link> chain;
    for (const auto member : members) {
      chain.push_back({nodes_[member].get(), plan[member].binding.make_transform()});
    }
    add_stage(members, std::make_unique<TransformStage>(*graph_, *context_, std::move(chain)));
  }
  std::size_t sink = 0;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (plan[i].binding.make_accumulator) {
      auto accumulator = plan[i].binding.make_accumulator(plan[i].memory);
      add_stage({i}, std::make_unique<AccumulatorStage>(*graph_, *context_, *nodes_[i],
                                                        std::move(accumulator)));
    } else if (plan[i].kind == NodeKind::sink) {
      add_stage({i},
                std::make_unique<SinkStage>(*graph_, *context_, *nodes_[i], sink, *sinks[sink]));
      ++sink;
    }
  }
  for (std::size_t i = 0; i < plan.size(); ++i) {
    for (const auto& from : plan[i].inputs) {
      if (stage_of_[from.node] == stage_of_[i] &&
          from.port < plan[from.node].binding.outputs.size())
        continue;
      stage_of_[i]->connect_from(nodes_[from.node]->port(from.port));
    }
  }
}

}  // namespace flowrun
