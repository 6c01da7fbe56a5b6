// The batches that a dedup keeps, and which of their rows are alive.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/spec/node.h"

namespace flowrun::nodes {

struct HeldBatch;

/// A row that stays of a key, as far as is known.
struct KeptRow {
  std::uint64_t rank = 0;  ///< tells which of two rows stays, mostly: see Ranks
  HeldBatch* held = nullptr;
  std::uint32_t row = 0;
  std::uint32_t next = 0;  ///< the row behind it, by number in a list of rows, from 1; 0: none

  [[nodiscard]] inline std::uint64_t ordinal() const;
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
  [[nodiscard]] std::uint64_t ordinal(std::uint32_t row) const {
    return is_consecutive ? first_ordinal + row : batch->ordinal(row);
  }
  void set(BatchRef rows) {
    batch = std::move(rows);
    is_consecutive = batch && !batch->ordinals().values;
    first_ordinal = is_consecutive ? batch->ordinals().first : 0;
  }

  BatchRef batch;
  std::uint64_t first_ordinal = 0;  ///< of the batch, at hand; where they are consecutive
  bool is_consecutive = false;
  std::uint32_t number = 0;             ///< among those held together, from 0
  std::vector<std::size_t> nullable;    ///< the columns in which rows may borrow from others
  std::vector<std::uint8_t> marks;      ///< by row, 1: alive; while rows are moved or emitted
  std::vector<std::uint32_t> moved_to;  ///< by row, while rows are moved; empty: none was
  std::vector<Filled> filled;           ///< by row, ascending, while rows are emitted
};

inline std::uint64_t KeptRow::ordinal() const { return held->ordinal(row); }

/// Batches by number, at addresses that stay.
class HeldBatches {
 public:
  /// Any thread.
  [[nodiscard]] HeldBatch& add(BatchRef batch);
  /// The caller has learnt the number from who added it. Any thread.
  [[nodiscard]] HeldBatch& operator[](std::size_t number) const;
  /// Counts rows that came to life and rows that died elsewhere; what is known by about may be put
  /// right later. Any thread.
  void note(std::int64_t born, std::int64_t died) {
    live_.fetch_add(born - died, std::memory_order_relaxed);
  }
  /// Says how many rows are alive.
  void set_live(std::int64_t rows) { live_.store(rows, std::memory_order_relaxed); }

  /// Rows of the batches held. Any thread.
  [[nodiscard]] std::int64_t rows() const { return rows_.load(std::memory_order_relaxed); }
  /// True where more than half of the rows held are dead, and enough of them to be worth the work.
  /// Any thread.
  [[nodiscard]] bool is_wasteful() const;

  // The caller of what follows is the only one at work.

  /// Makes room for marks; none is set. Who holds rows then marks those that are alive.
  void begin_marking();
  /// The marks by batch and row, for several threads at once, a row for one of them.
  [[nodiscard]] std::vector<std::uint8_t*> marks() const;
  /// Drops rows that are not marked: batches of which less than four fifths are alive are copied
  /// without them, so that the next time is a good while off, and say where their rows have moved
  /// to. Who holds rows then moves them, and calls end_moving().
  void compact();
  void end_moving();
  /// Emits the marked rows in the order of their ordinals, filled from their lenders, and lets go
  /// of the batches on the way (at the end, where rows are filled). Nothing can be added
  /// afterwards.
  void emit_marked(Output& out);

  /// Bytes of the batches held. Any thread.
  [[nodiscard]] std::int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  /// Chunk c holds the batches from (2^c - 1) * kFirstChunk on, twice as many as the one before.
  static constexpr std::size_t kFirstChunk = 8;
  static constexpr std::size_t kChunks = 30;

  void drop(HeldBatch& held);
  void replace(HeldBatch& held, BatchRef smaller);
  [[nodiscard]] std::vector<HeldBatch*> all() const;

  std::mutex mutex_;
  std::array<std::unique_ptr<HeldBatch[]>, kChunks> chunks_;
  std::size_t count_ = 0;
  std::atomic<std::int64_t> rows_ = 0;
  std::atomic<std::int64_t> live_ = 0;
  std::atomic<std::int64_t> bytes_ = 0;
};

}  // namespace flowrun::nodes
