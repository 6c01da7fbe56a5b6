// The sections of a pipeline file that hold for all of its instances: [state], [retry], [limits],
// [rejects].
#pragma once

#include "engine/plan/pipeline_file.h"
#include "engine/plan/plan.h"
#include "engine/plan/variables.h"

namespace flowrun {

/// Fills in state_url, state, retry and max_memory of `plan`, and returns what holds for rejects where
/// nodes do not say.
RejectLimits read_settings(const PipelineFile& file, const PlanOptions& options,
                           Interpolator& variables, Plan& plan, Diagnostics& diagnostics);

}  // namespace flowrun
