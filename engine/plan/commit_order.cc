#include "engine/plan/commit_order.h"

#include <algorithm>

namespace flowrun {
namespace {

/// True where column `column` of an output holds the window column of every source behind it.
bool is_window_column(const InstancePlan& plan, EdgeFrom from, std::size_t column) {
  const auto& node = plan.nodes[from.node];
  if (from.port >= node.binding.outputs.size()) return false;  // rejects carry no event time
  const auto& port = node.binding.outputs[from.port];
  if (node.kind == NodeKind::source) return port.schema->field(column).name == plan.window->column;
  if (column >= port.unchanged_from.size() || !port.unchanged_from[column]) return false;
  return std::all_of(node.inputs.begin(), node.inputs.end(), [&](EdgeFrom input) {
    return is_window_column(plan, input, *port.unchanged_from[column]);
  });
}

}  // namespace

bool is_window_keyed(const InstancePlan& plan, const PlanNode& sink) {
  const auto& facts = sink.binding.sink;
  if (sink.takes_rejects || facts.replaces_by_unit || facts.file_per_unit) return true;
  if (facts.whole_table) return false;
  if (facts.key.empty()) return true;  // append, or nothing is kept at all
  if (facts.versioned) return true;
  if (!plan.window) return false;
  return std::any_of(facts.key.begin(), facts.key.end(), [&](const std::string& name) {
    return std::all_of(sink.inputs.begin(), sink.inputs.end(), [&](EdgeFrom input) {
      const auto& schema = *plan.nodes[input.node].output_schema(input.port);
      const auto column = schema.index_of(name);
      return column && is_window_column(plan, input, *column);
    });
  });
}

}  // namespace flowrun
