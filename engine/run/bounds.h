// Bounds of [window] that are known when a run starts, and not before (windows.md 9).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/plan/plan.h"
#include "engine/run/coverage_plan.h"
#include "engine/state/journal.h"

namespace flowrun {

/// The end of what every sink holds without a gap from `origin` on; `origin` where one of them
/// holds nothing there.
[[nodiscard]] Micros loaded_until(const std::vector<CoveredSink>& sinks, Micros origin);

/// Puts moments in place of from = "watermark" and of an origin as the end. Where the pipeline runs
/// for the first time its origin is noted in the journal, unless `touches` is false; where nothing
/// is known of a run before but the sinks hold windows, their first is it. `journal` may be null:
/// it then knows nothing. Throws Error(plan) where an origin is needed and there is none.
void resolve_bounds(InstancePlan& instance, const std::string& pipeline,
                    const std::vector<CoveredSink>& sinks, Journal* journal, bool touches);

}  // namespace flowrun
