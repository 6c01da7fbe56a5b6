// What a pivot keeps of one unit.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/spec/node.h"
#include "nodes/kernels/byte_arena.h"
#include "nodes/kernels/key_encoder.h"
#include "nodes/kernels/key_table.h"
#include "nodes/kernels/shards.h"
#include "nodes/transforms/pivot_cells.h"
#include "nodes/transforms/pivot_plan.h"

namespace flowrun::nodes {

/// What is kept of a key.
struct PivotKey {
  std::uint64_t first_ordinal = UINT64_MAX;
  std::uint32_t last_run = CellLog::kNone;
  std::uint32_t unused = 0;  ///< entries are whole words
};

/// The keys whose hashes fall together, and their values. Used by one thread at a time (see
/// `mutex`).
struct PivotShard {
  std::mutex mutex;
  KeyTable<PivotKey> keys;
  CellLog log;
  ByteArena bytes_of_cells;  ///< of cells that are no words
  std::int64_t counted = 0;  ///< bytes reported so far

  [[nodiscard]] std::int64_t bytes() const {
    return keys.bytes() + log.bytes() + bytes_of_cells.bytes();
  }
};
using PivotShards = std::array<PivotShard, kShards>;

[[nodiscard]] std::unique_ptr<AccumulatorState> make_pivot_state(std::shared_ptr<PivotPlan> plan);

}  // namespace flowrun::nodes
