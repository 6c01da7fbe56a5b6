// Plan hashes: what tells that the rows of a unit would be others now (windows.md 3).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/plan/plan.h"

namespace flowrun {

/// Raised whenever the same pipeline file would make other rows than before.
inline constexpr int kPlanHashVersion = 1;

/// Hash of what leaves a source or transform: its type, options and side files, and what is
/// upstream. Names of nodes, limits and memory do not count. `inputs` are the hashes of the
/// upstream nodes, in the order of node.inputs.
[[nodiscard]] std::string hash_node(const InstancePlan& plan, const PlanNode& node,
                                    const std::vector<std::pair<std::string, std::string>>& options,
                                    const std::vector<std::string>& inputs);

/// Hash of what arrives at a sink and how it is put into the target: mode, key and what the binding
/// adds; the grid of windows too, but not its bounds, which say which units there are and not what
/// is in them.
[[nodiscard]] std::string hash_sink(const InstancePlan& plan, const PlanNode& node,
                                    const std::vector<std::string>& inputs);

}  // namespace flowrun
