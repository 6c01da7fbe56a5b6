// The values that a pivot has taken, as they came: a log of short runs, linked per key.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "engine/data/buffer.h"

namespace flowrun::nodes {

/// One value of a row that a pivot makes.
struct Cell {
  std::uint64_t ordinal = 0;
  std::uint64_t word = 0;  ///< the value, or a pointer to its bytes
  std::uint16_t column = 0;
};

/// An append-only log of cells in runs: the cells of a run belong to one key and stand close
/// together in the input, so that a cell takes 12 bytes, and a run 16 more. A run knows the one
/// before it of the same key. Used by one thread at a time.
class CellLog {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  static constexpr std::uint64_t kMostDelta = 0xFFFF;

  /// Opens a run of the key whose latest run is `previous`, for cells with ordinals in [ordinal,
  /// ordinal + kMostDelta]. Returns how many cells it can take, at least 1 and at most `wanted`.
  [[nodiscard]] std::size_t open(std::uint32_t previous, std::uint64_t ordinal,
                                 std::size_t wanted) {
    if (left_ < kHeadWords + kCellWords) open_chunk();
    run_ = next_;
    const Head head{previous, 0, ordinal};
    std::memcpy(run_, &head, sizeof head);
    next_ += sizeof head;
    const auto room = (left_ - kHeadWords) / kCellWords;
    return room < wanted ? room : wanted;
  }
  /// Adds a cell to the open run.
  void put(std::uint16_t column, std::uint16_t delta, std::uint64_t word) {
    const std::uint32_t place = static_cast<std::uint32_t>(column) << 16U | delta;
    std::memcpy(next_, &place, sizeof place);
    std::memcpy(next_ + sizeof place, &word, sizeof word);
    next_ += kCellWords * sizeof(std::uint32_t);
  }
  /// Ends the run; returns what is now the key's latest run: `previous` where no cell was put.
  [[nodiscard]] std::uint32_t close();

  /// The run before `run` of the same key; kNone where it is the first.
  [[nodiscard]] std::uint32_t previous(std::uint32_t run) const {
    std::uint32_t before = kNone;
    std::memcpy(&before, address(run), sizeof before);
    return before;
  }
  /// Brings a run into the cache; kNone is none.
  void prefetch(std::uint32_t run) const {
    if (run == kNone) return;
    __builtin_prefetch(address(run));
    __builtin_prefetch(address(run) + sizeof(Head) + kCellWords * sizeof(std::uint32_t) - 1);
  }
  /// Calls visit(Cell) for every cell of a run and forgets the run. No run may be open, and none
  /// opened afterwards.
  template <typename Visit>
  void drain(std::uint32_t run, Visit visit) {
    const char* at = address(run);
    Head head;
    std::memcpy(&head, at, sizeof head);
    at += sizeof head;
    for (std::uint32_t i = 0; i < head.count; ++i, at += kCellWords * sizeof(std::uint32_t)) {
      std::uint32_t place = 0;
      Cell cell;
      std::memcpy(&place, at, sizeof place);
      std::memcpy(&cell.word, at + sizeof place, sizeof cell.word);
      cell.ordinal = head.ordinal + (place & 0xFFFFU);
      cell.column = static_cast<std::uint16_t>(place >> 16U);
      visit(cell);
    }
    release(run);
  }

  [[nodiscard]] std::int64_t cells() const { return cells_; }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

 private:
  struct Head {
    std::uint32_t previous;  // first: see previous()
    std::uint32_t count;
    std::uint64_t ordinal;
  };
  struct Chunk {
    std::shared_ptr<Buffer> buffer;
    const char* data = nullptr;
    std::uint32_t runs = 0;  ///< not yet released
  };
  static constexpr std::size_t kHeadWords = sizeof(Head) / sizeof(std::uint32_t);
  static constexpr std::size_t kCellWords = 3;
  static constexpr unsigned kChunkBits = 10;  ///< words of four bytes: 4 KiB
  static constexpr std::size_t kChunkWords = 1U << kChunkBits;

  [[nodiscard]] const char* address(std::uint32_t run) const {
    return chunks_[run >> kChunkBits].data + (run & (kChunkWords - 1)) * sizeof(std::uint32_t);
  }
  void open_chunk();
  void release(std::uint32_t run);

  std::vector<Chunk> chunks_;
  char* run_ = nullptr;
  char* next_ = nullptr;
  std::size_t left_ = 0;  ///< words of the open chunk behind the last closed run
  std::int64_t cells_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace flowrun::nodes
