// Turns what a pivot keeps into wide batches.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "engine/spec/node.h"
#include "nodes/kernels/ordinal_sort.h"
#include "nodes/transforms/pivot_fold.h"
#include "nodes/transforms/pivot_state.h"

namespace flowrun::nodes {

/// Emits one row for each key, in the order in which the keys first appeared. The values are taken
/// out of the shards as they are written. Used by one thread, once.
class PivotFlush {
 public:
  PivotFlush(const PivotPlan& plan, KeyEncoder& keys, PivotShards& shards, Output& out);
  /// Emits one batch; false where no row is left.
  [[nodiscard]] bool emit_next();

 private:
  static constexpr std::size_t kLanes = 16;

  [[nodiscard]] std::vector<Placed> rows_in_order() const;
  /// Writes as many of the rows from `rows` as make a batch; returns how many.
  std::size_t emit_batch(std::span<const Placed> rows);
  /// Finds the runs of the keys of rows[0, kLanes), all side by side: one waits for memory while
  /// the others are looked at.
  void trace_runs(std::span<const Placed> rows);
  /// Writes the row of the key that lane `lane` was traced for.
  void fold_row(const Placed& place, std::size_t lane, std::size_t row);
  [[nodiscard]] ColumnRef column_of(std::size_t column, std::size_t rows);
  void reject_refused(const Placed& place);

  const PivotPlan& plan_;
  KeyEncoder& keys_;
  PivotShards& shards_;
  Output& out_;
  CellFold fold_;
  std::vector<Placed> rows_;  ///< all rows, in order
  std::size_t done_ = 0;
  std::array<std::vector<std::uint32_t>, kLanes> traces_;
  std::size_t stride_ = 0;  ///< rows that a block has room for
  std::shared_ptr<Buffer>
      words_;  ///< a block: stride_ words for each column, one column behind the other
  std::shared_ptr<Buffer> bits_;  ///< and as many validity bits
  std::int64_t text_bytes_ = 0;   ///< of the block's cells that are no words
};

}  // namespace flowrun::nodes
