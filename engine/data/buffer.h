// Memory of columns: aligned, padded, and used again instead of given back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

namespace flowrun {

/// A block of bytes aligned to 64 with at least 64 readable bytes behind its size. Blocks come from
/// a process-wide recycler (an allocator, like malloc's: first touch of fresh pages costs 1.5 µs
/// each, so a dead batch's memory serves the next batch). Whoever fills a buffer is its only owner
/// until it is published as a BufferRef; from then on it never changes.
class Buffer {
 public:
  /// Returns a buffer of `size` bytes, not cleared. Any thread.
  [[nodiscard]] static std::shared_ptr<Buffer> allocate(std::size_t size);
  /// Wraps memory owned by somebody else; `owner` is kept alive as long as the buffer. Such memory
  /// may lack the readable bytes behind its size.
  [[nodiscard]] static std::shared_ptr<const Buffer> wrap(const void* data, std::size_t size,
                                                          std::shared_ptr<const void> owner);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] const std::uint8_t* data() const { return data_; }
  [[nodiscard]] std::uint8_t* mutable_data() { return data_; }
  template <typename T>
  [[nodiscard]] const T* as() const {
    return reinterpret_cast<const T*>(data_);
  }
  template <typename T>
  [[nodiscard]] T* mutable_as() {
    return reinterpret_cast<T*>(data_);
  }
  /// Sets the size within the capacity.
  void set_size(std::size_t size) { size_ = size; }

  /// Bytes that dead buffers left with the recycler, ready for use; for reports and tests.
  [[nodiscard]] static std::size_t recycled_bytes();

 private:
  Buffer() = default;
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::shared_ptr<const void> owner_;
};

using BufferRef = std::shared_ptr<const Buffer>;

/// Grows `buffer` to hold at least `size` bytes, keeping its content; capacity at least doubles.
void grow(std::shared_ptr<Buffer>& buffer, std::size_t size);

/// Bits, least significant first, as in Arrow's validity bitmaps.
[[nodiscard]] inline bool get_bit(const std::uint8_t* bits, std::int64_t i) {
  return ((bits[i >> 3] >> (i & 7)) & 1) != 0;
}
inline void set_bit(std::uint8_t* bits, std::int64_t i, bool value) {
  const auto mask = static_cast<std::uint8_t>(1U << (i & 7));
  bits[i >> 3] = static_cast<std::uint8_t>(value ? bits[i >> 3] | mask : bits[i >> 3] & ~mask);
}
[[nodiscard]] constexpr std::size_t bytes_for_bits(std::int64_t bits) {
  return static_cast<std::size_t>((bits + 7) / 8);
}
/// Number of set bits in [from, from + count).
[[nodiscard]] std::int64_t count_bits(const std::uint8_t* bits, std::int64_t from,
                                      std::int64_t count);

}  // namespace flowrun
