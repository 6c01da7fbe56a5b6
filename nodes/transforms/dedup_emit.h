// The rows that a dedup has kept, on their way out.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "nodes/transforms/dedup_rows.h"

namespace flowrun::nodes {

/// The marked rows of a batch, ascending.
[[nodiscard]] std::vector<std::uint32_t> marked_rows(const HeldBatch& held);

/// Emits the marked rows of batches in the order of their ordinals, filled from their lenders.
/// Batches are gathered by several threads, a few at a time, and emitted by the calling one. Calls
/// `drop` for a batch that is not needed any more.
void emit_in_order(const std::vector<HeldBatch*>& batches, Output& out,
                   const std::function<void(HeldBatch&)>& drop);

}  // namespace flowrun::nodes
