// Turns groups into batches.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "engine/spec/node.h"
#include "nodes/kernels/ordinal_sort.h"
#include "nodes/kernels/shards.h"
#include "nodes/transforms/aggregate_groups.h"

namespace flowrun::nodes {

using GroupShards = std::array<AggregateGroups*, kShards>;

/// Emits one row for each group, in the order of their first rows; groups that appeared in the same
/// row by their keys. A group that a function has no value for is rejected. Used by one thread.
class AggregateFlush {
 public:
  AggregateFlush(const AggregatePlan& plan, KeyEncoder& keys, GroupShards shards, Output& out);
  void emit();

 private:
  struct Refused {
    std::uint32_t row = 0;  ///< of the batch
    std::string column;
    NoValue problem;
  };
  [[nodiscard]] std::vector<Placed> rows_in_order() const;
  void order_by_keys(std::span<Placed> rows) const;
  [[nodiscard]] std::vector<ColumnRef> keys_of(std::span<const Placed> rows) const;
  /// Emits a batch from the front of `rows`; returns how many of them it took.
  std::size_t emit_batch(std::span<const Placed> rows);
  /// Emits a batch less the rows that are refused, ascending, and rejects those.
  void emit_sound(BatchRef batch, std::vector<Refused> refused);

  const AggregatePlan& plan_;
  KeyEncoder& keys_;
  GroupShards shards_;
  Output& out_;
};

}  // namespace flowrun::nodes
