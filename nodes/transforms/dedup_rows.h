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

/// Orders two rows of one schema column by column, a null in front: negative, 0, positive.
[[nodiscard]] int compare_rows(const Batch& x, std::int64_t a, const Batch& y, std::int64_t b);

struct HeldBatch;

/// The row that stays of a key, as far as is known.
struct KeptRow {
  std::uint64_t ordinal = 0;
  HeldBatch* held = nullptr;
  std::uint32_t row = 0;
  std::uint32_t unused = 0;  ///< entries are whole words
};
using KeptRows = KeyTable<KeptRow>;

/// A batch, kept whole as long as enough of its rows are alive; null once none is.
struct HeldBatch {
  explicit HeldBatch(BatchRef rows) : batch(std::move(rows)) {}
  BatchRef batch;
  std::atomic<std::int64_t> live = 0;
  std::vector<bool> lives;              ///< by row, while rows are moved or emitted
  std::vector<std::uint32_t> moved_to;  ///< by row, while rows are moved
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
  void compact(const std::vector<KeptRows*>& kept);

  /// Emits every row that `kept` names in the order of their ordinals and lets go of the batches on
  /// the way. The caller is the only one at work; nothing can be added afterwards.
  void emit(const std::vector<KeptRows*>& kept, Output& out);

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
