// The batches that a dedup keeps, and which of their rows are alive.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/spec/node.h"
#include "nodes/kernels/key_table.h"

namespace flowrun::nodes {

struct HeldBatch;

/// A row that stays of a key, as far as is known.
struct KeptRow {
  std::uint64_t ordinal = 0;
  HeldBatch* held = nullptr;
  std::uint32_t row = 0;
  std::uint32_t next = 0;  ///< the row behind it, by number in a list of rows, from 1; 0: none
};
using KeptRows = KeyTable<KeptRow>;

/// The rows that stay of some keys: one each, and perhaps others that lend it values.
struct Kept {
  KeptRows rows;
  std::vector<KeptRow> lenders;  ///< by KeptRow::next - 1; those not in use hold no batch
  std::uint32_t free = 0;        ///< the first of those not in use, as KeptRow::next
};

/// A row that is emitted with values of others: where it is null, the first of them that is not
/// lends its own.
struct Filled {
  std::uint32_t row = 0;
  std::uint32_t next = 0;  ///< as KeptRow::next
  const std::vector<KeptRow>* lenders = nullptr;
};

/// A batch, kept whole as long as enough of its rows are alive; null once none is.
struct HeldBatch {
  explicit HeldBatch(BatchRef rows) : batch(std::move(rows)) {}
  /// Chooses a row to be emitted; once one is, no other row is alive. One thread.
  void mark(std::uint32_t row);

  BatchRef batch;
  std::vector<std::size_t> nullable;  ///< the columns in which rows may borrow from others
  std::atomic<std::int64_t> live = 0;
  std::vector<bool> lives;              ///< by row, while rows are moved or emitted
  std::vector<std::uint32_t> moved_to;  ///< by row, while rows are moved
  std::vector<Filled> filled;           ///< by row, ascending, while rows are emitted
};

/// Batches at addresses that stay.
class HeldBatches {
 public:
  /// Any thread.
  [[nodiscard]] HeldBatch& add(BatchRef batch);
  /// Counts rows that came to life and rows that died elsewhere. Any thread.
  void note(std::int64_t born, std::int64_t died) {
    live_.fetch_add(born - died, std::memory_order_relaxed);
  }

  /// True where more than half of the rows held are dead, and enough of them to be worth the work.
  /// Any thread.
  [[nodiscard]] bool is_wasteful() const;
  /// Drops dead rows: batches of which less than four fifths are alive are copied without them, so
  /// that the next time is a good while off. `kept` names every living row. The caller is the only
  /// one at work.
  void compact(const std::vector<Kept*>& kept);

  /// Emits the row of every key, filled from its lenders, in the order of the rows' ordinals, and
  /// lets go of the batches on the way (at the end, where rows are filled). The caller is the only
  /// one at work; nothing can be added afterwards.
  void emit(const std::vector<Kept*>& kept, Output& out);
  /// The same of the rows that were marked, and of no others.
  void emit_marked(Output& out);

  /// Bytes of the batches held. Any thread.
  [[nodiscard]] std::int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  void drop(HeldBatch& held);
  void replace(HeldBatch& held, BatchRef smaller);

  std::mutex mutex_;
  std::deque<HeldBatch> batches_;
  std::atomic<std::int64_t> rows_ = 0;
  std::atomic<std::int64_t> live_ = 0;
  std::atomic<std::int64_t> bytes_ = 0;
};

}  // namespace flowrun::nodes
