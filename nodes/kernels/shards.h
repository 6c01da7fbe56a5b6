// Runs of keys by shard: which part of an accumulator's state each belongs to.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "nodes/kernels/key_encoder.h"

namespace flowrun::nodes {

inline constexpr std::size_t kShards = 16;

/// By the upper bits of the hash (key tables go by the lower ones).
[[nodiscard]] inline std::size_t shard_of(std::uint64_t hash) { return hash >> 60U; }

/// The runs of a batch ordered by shard, in batch order inside a shard.
class RunsByShard {
 public:
  explicit RunsByShard(const KeyRuns& runs) : order_(runs.count) {
    for (std::size_t i = 0; i < runs.count; ++i) ++begin_[shard_of(runs.hashes[i]) + 1];
    for (std::size_t shard = 0; shard < kShards; ++shard) begin_[shard + 1] += begin_[shard];
    auto next = begin_;
    for (std::size_t i = 0; i < runs.count; ++i) {
      order_[next[shard_of(runs.hashes[i])]++] = static_cast<std::uint32_t>(i);
    }
  }
  [[nodiscard]] std::span<const std::uint32_t> of(std::size_t shard) const {
    return {order_.data() + begin_[shard], begin_[shard + 1] - begin_[shard]};
  }

 private:
  std::array<std::size_t, kShards + 1> begin_{};
  Scratch<std::uint32_t> order_;
};

/// Calls `visit` for every shard, from another one on at each call, so that threads seldom meet at
/// one.
template <typename Visit>
void for_each_shard(std::size_t first, Visit visit) {
  for (std::size_t i = 0; i < kShards; ++i) visit((first + i) % kShards);
}

}  // namespace flowrun::nodes
