// Bytes that are only ever added, at addresses that stay.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/data/buffer.h"

namespace flowrun::nodes {

/// Used by one thread at a time. The memory comes from the batches' recycler and goes back there.
class ByteArena {
 public:
  /// Copies `bytes`; the copy stays where it is as long as the arena.
  [[nodiscard]] const char* add(std::string_view bytes) {
    char* at = room(bytes.size());
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    return at;
  }
  /// Makes room for `size` bytes, which the caller fills.
  [[nodiscard]] char* room(std::size_t size) {
    if (left_ < size) open_chunk(size);
    char* at = next_;
    next_ += size;
    left_ -= size;
    return at;
  }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

 private:
  void open_chunk(std::size_t size);

  std::vector<std::shared_ptr<Buffer>> chunks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace flowrun::nodes
