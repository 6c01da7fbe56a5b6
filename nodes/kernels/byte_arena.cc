#include "nodes/kernels/byte_arena.h"

#include <algorithm>

namespace flowrun::nodes {
namespace {

constexpr std::size_t kFirstChunk = 4U << 10U;
constexpr std::size_t kLastChunk = 256U << 10U;

}  // namespace

void ByteArena::open_chunk(std::size_t size) {
  const auto wanted = std::clamp(static_cast<std::size_t>(bytes_), kFirstChunk, kLastChunk);
  auto& chunk = chunks_.emplace_back(Buffer::allocate(std::max(wanted, size)));
  next_ = chunk->mutable_as<char>();
  left_ = chunk->capacity();
  bytes_ += static_cast<std::int64_t>(chunk->capacity());
}

}  // namespace flowrun::nodes
