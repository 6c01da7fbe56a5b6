// What an aggregate keeps of one unit.
#pragma once

#include <memory>

#include "engine/spec/node.h"
#include "nodes/transforms/aggregate_plan.h"

namespace flowrun::nodes {

[[nodiscard]] std::unique_ptr<AccumulatorState> make_aggregate_state(
    std::shared_ptr<const AggregatePlan> plan);

}  // namespace flowrun::nodes
