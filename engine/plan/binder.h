// Binds the nodes of one instance in order: ports, schemas, columns, and what only bound nodes can
// tell.
#pragma once

#include <optional>
#include <vector>

#include "engine/plan/bind_context.h"
#include "engine/plan/window_spec.h"
#include "engine/plan/wiring.h"

namespace flowrun {

/// Binds every node of `wiring.order` and puts it into `plan.nodes`. Goes on past errors: a node
/// behind one that is wrong is checked as far as its input is known, and says nothing where it is
/// not.
void bind_nodes(PlanningShared& shared, const std::vector<NodeDraft>& drafts, const Wiring& wiring,
                const std::optional<WindowDraft>& window, InstancePlan& plan,
                Diagnostics& diagnostics);

}  // namespace flowrun
