#include "nodes/transforms/pivot_cells.h"

#include "engine/core/error.h"

namespace flowrun::nodes {

void CellLog::open_chunk() {
  if (chunks_.size() == std::size_t{1} << (32 - kChunkBits)) {
    throw Error(Errc::limit, "a pivot keeps more than 16 GiB of values in one of its parts");
  }
  auto buffer = Buffer::allocate(kChunkWords * sizeof(std::uint32_t));
  next_ = buffer->mutable_as<char>();
  left_ = kChunkWords;
  bytes_ += static_cast<std::int64_t>(buffer->capacity());
  const char* data = next_;
  chunks_.push_back({std::move(buffer), data, 0});
}

std::uint32_t CellLog::close() {
  Head head;
  std::memcpy(&head, run_, sizeof head);
  const auto words = static_cast<std::size_t>(next_ - run_) / sizeof(std::uint32_t);
  head.count = static_cast<std::uint32_t>((words - kHeadWords) / kCellWords);
  if (head.count == 0) {
    next_ = run_;
    return head.previous;
  }
  std::memcpy(run_, &head, sizeof head);
  const auto at = kChunkWords - left_;
  left_ -= words;
  cells_ += head.count;
  auto& chunk = chunks_.back();
  ++chunk.runs;
  return static_cast<std::uint32_t>((chunks_.size() - 1) << kChunkBits | at);
}

void CellLog::release(std::uint32_t run) {
  auto& chunk = chunks_[run >> kChunkBits];
  if (--chunk.runs != 0) return;
  bytes_ -= static_cast<std::int64_t>(chunk.buffer->capacity());
  chunk.buffer = nullptr;
}

}  // namespace flowrun::nodes
