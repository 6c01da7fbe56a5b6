// Which sinks may commit their units in any order (windows.md 15).
#pragma once

#include "engine/plan/plan.h"

namespace flowrun {

/// True where `sink` appends, replaces by unit, keeps only the newest by `version`, or has the
/// window column, unchanged since its source, in its key: then no unit can touch another unit's
/// rows.
[[nodiscard]] bool is_window_keyed(const InstancePlan& plan, const PlanNode& sink);

}  // namespace flowrun
