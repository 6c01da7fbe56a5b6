// Memory in slabs that go back and forth between many logs.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "nodes/kernels/block.h"

namespace flowrun::nodes {

/// Slabs of 4 KiB to 64 KiB, cut from blocks that grow with the pool, up to a huge page each. What
/// is given back serves again; the blocks stay until
/// clear(). Any thread.
class SlabPool {
 public:
  static constexpr std::size_t kSmallest = std::size_t{4} << 10U;
  static constexpr std::size_t kLargest = std::size_t{64} << 10U;

  /// `size` is a power of two from kSmallest to kLargest.
  [[nodiscard]] char* take(std::size_t size);
  void give(char* slab, std::size_t size);
  /// Gives the blocks back; no slab is in use any more.
  void clear();
  /// Counts bytes that a log got or gave back by itself.
  void note(std::int64_t bytes) { bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  /// Bytes of all blocks, and those noted.
  [[nodiscard]] std::int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  void open_block(std::size_t size);

  std::mutex mutex_;
  std::vector<Block> blocks_;
  std::array<std::vector<char*>, 5> free_;  ///< by size
  char* next_ = nullptr;                    ///< in the last block
  std::size_t left_ = 0;
  std::atomic<std::int64_t> bytes_ = 0;
};

}  // namespace flowrun::nodes
