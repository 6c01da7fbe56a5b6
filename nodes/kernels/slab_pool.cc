#include "nodes/kernels/slab_pool.h"

#include <algorithm>
#include <bit>

namespace flowrun::nodes {
namespace {

constexpr std::size_t kShare = 8;  // a block is at most this part of what there is

std::size_t class_of(std::size_t size) {
  return static_cast<std::size_t>(std::countr_zero(size / SlabPool::kSmallest));
}

}  // namespace

char* SlabPool::take(std::size_t size) {
  const std::lock_guard lock(mutex_);
  auto& list = free_[class_of(size)];
  if (!list.empty()) {
    auto* slab = list.back();
    list.pop_back();
    return slab;
  }
  if (left_ < size) open_block(size);
  auto* slab = next_;
  next_ += size;
  left_ -= size;
  return slab;
}

void SlabPool::give(char* slab, std::size_t size) {
  const std::lock_guard lock(mutex_);
  free_[class_of(size)].push_back(slab);
}

void SlabPool::clear() {
  const std::lock_guard lock(mutex_);
  blocks_.clear();
  for (auto& list : free_) list.clear();
  left_ = 0;
  bytes_.store(0, std::memory_order_relaxed);
}

void SlabPool::open_block(std::size_t size) {
  while (left_ != 0) {  // what is left of the last block, in the largest slabs that it holds
    const auto part = std::min(std::bit_floor(left_), kLargest);
    free_[class_of(part)].push_back(next_);
    next_ += part;
    left_ -= part;
  }
  const auto share = static_cast<std::size_t>(bytes_.load()) / kShare / kSmallest * kSmallest;
  const auto& block = blocks_.emplace_back(std::max(size, std::min(Block::kHugePage, share)));
  next_ = block.data();
  left_ = block.size();
  bytes_.fetch_add(static_cast<std::int64_t>(block.size()), std::memory_order_relaxed);
}

}  // namespace flowrun::nodes
