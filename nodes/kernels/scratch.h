// Working memory of a kernel, from the recycler that batches use.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>

#include "engine/data/buffer.h"

namespace flowrun::nodes {

/// An array of `size` values, not cleared. Used by one thread.
template <typename T>
class Scratch {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit Scratch(std::size_t size)
      : buffer_(Buffer::allocate(size * sizeof(T))),
        data_(buffer_->template mutable_as<T>()),
        size_(size) {}

  [[nodiscard]] T* data() { return data_; }
  [[nodiscard]] const T* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] T& operator[](std::size_t i) { return data_[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const { return data_[i]; }
  [[nodiscard]] std::span<const T> first(std::size_t count) const { return {data_, count}; }

 private:
  std::shared_ptr<Buffer> buffer_;
  T* data_;
  std::size_t size_;
};

}  // namespace flowrun::nodes
