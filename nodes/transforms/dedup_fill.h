// Rows of one key put together: each column takes the best value that is not null.
#pragma once

#include <cstdint>
#include <vector>

#include "nodes/kernels/key_table.h"
#include "nodes/transforms/dedup_rows.h"
#include "nodes/transforms/dedup_state.h"

namespace flowrun::nodes {

/// The rows that stay of some keys: one each, and perhaps others that lend it values.
struct Kept {
  KeyTable<KeptRow> rows;
  std::vector<KeptRow> lenders;  ///< by KeptRow::next - 1; those not in use hold no batch
  std::uint32_t free = 0;        ///< the first of those not in use, as KeptRow::next
};

/// Keeps of each key the row that wins and, in the order in which they win, those others that have
/// a value where all before them are null. Used by one thread at a time.
class Filling {
 public:
  /// The keys that are filled are those of `kept`.
  Filling(const DedupPlan& plan, Kept& kept, HeldBatches& held)
      : plan_(plan), kept_(kept), held_(held) {}

  /// Puts a further row of a key to the row that won so far, or in its place.
  void add(KeptRow& head, const KeptRow& row);
  /// Notes the first row of a key.
  void begin() { held_.note(1, 0); }

 private:
  [[nodiscard]] static bool is_complete(const KeptRow& row);
  void take_chain(KeptRow& head);
  /// Chooses who stays of `chain_`, and lets the others go.
  void put_chain(KeptRow& head);
  std::uint32_t lend(const KeptRow& row);

  const DedupPlan& plan_;
  Kept& kept_;
  HeldBatches& held_;
  std::vector<KeptRow> chain_;
  std::vector<std::size_t> missing_;  ///< columns that are null so far
};

/// The columns of `filled` that have nulls in a batch.
[[nodiscard]] std::vector<std::size_t> nullable_columns(const Batch& batch,
                                                        const std::vector<std::size_t>& filled);

}  // namespace flowrun::nodes
