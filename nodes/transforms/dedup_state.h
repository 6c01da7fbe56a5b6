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
  std::vector<std::size_t> filled;   ///< columns that take the best value that is not null
  std::vector<std::size_t> compare;  ///< changes: the columns that make a row another one
};

/// One row of each key stays, as it is.
[[nodiscard]] std::unique_ptr<AccumulatorState> make_row_state(
    std::shared_ptr<const DedupPlan> plan);

/// One row of each key stays, with values of others where it has none.
[[nodiscard]] std::unique_ptr<AccumulatorState> make_filled_state(
    std::shared_ptr<const DedupPlan> plan);

/// The rows of each key stay that differ from the one before.
[[nodiscard]] std::unique_ptr<AccumulatorState> make_changes_state(
    std::shared_ptr<const DedupPlan> plan);

}  // namespace flowrun::nodes
