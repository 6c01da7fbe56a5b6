// The sides of an instance, one of which waits for another (windows.md 11).
#pragma once

#include <vector>

#include "engine/plan/plan.h"

namespace flowrun {

/// Each side as an instance of its own, of the same name and window, in the order in which they
/// run. A side starts when the ones before it have committed all their units, so that whatever
/// window it reads was committed there. Reading its inputs before that would be too early in any
/// case: they may be what the other side writes.
[[nodiscard]] std::vector<InstancePlan> sides_of(const InstancePlan& instance);

}  // namespace flowrun
