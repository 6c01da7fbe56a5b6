// What a dedup keeps of one unit.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/spec/node.h"

namespace flowrun::nodes {

/// Constant once bound.
struct DedupPlan {
  SchemaRef schema;
  std::vector<std::size_t> key;
  bool keeps_last = true;
  std::optional<std::size_t> order_by;
};

[[nodiscard]] std::unique_ptr<AccumulatorState> make_dedup_state(
    std::shared_ptr<const DedupPlan> plan);

}  // namespace flowrun::nodes
