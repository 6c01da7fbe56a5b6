// `after`: which parts of a pipeline wait for which others (windows.md 11).
#pragma once

#include <vector>

#include "engine/plan/node_options.h"

namespace flowrun {

/// Sets PlanNode::after and InstancePlan::sides. A side is a set of nodes that edges connect; a
/// pipeline without `after` is one side, however many parts it has. Reports names that no sink has,
/// waiting for one's own side, and sides that wait for each other.
void find_sides(const std::vector<NodeDraft>& drafts, InstancePlan& plan, Diagnostics& diagnostics);

}  // namespace flowrun
