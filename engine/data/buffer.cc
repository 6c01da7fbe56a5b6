#include "engine/data/buffer.h"

#include <array>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

namespace flowrun {
namespace {

constexpr std::size_t kAlign = 64;
constexpr std::size_t kPadding = 64;
constexpr std::size_t kSmallest = 64;
constexpr std::size_t kLargestKept = 16U << 20U;  // larger blocks go back to the system at once
constexpr std::size_t kMostKept = 48U << 20U;     // of all dead blocks together

/// Keeps dead blocks by size class (powers of two and their halves in between).
class Recycler {
 public:
  std::uint8_t* take(std::size_t capacity) {
    {
      const std::lock_guard lock(mutex_);
      auto& list = lists_[index_of(capacity)];
      if (!list.empty()) {
        auto* block = list.back();
        list.pop_back();
        kept_ -= capacity;
        return block;
      }
    }
    // The standard wants a multiple of the alignment.
    const auto size = (capacity + kPadding + kAlign - 1) / kAlign * kAlign;
    auto* block = static_cast<std::uint8_t*>(std::aligned_alloc(kAlign, size));
    if (block == nullptr) throw std::bad_alloc();
    return block;
  }

  void give(std::uint8_t* block, std::size_t capacity) {
    if (capacity <= kLargestKept) {
      const std::lock_guard lock(mutex_);
      if (kept_ + capacity <= kMostKept) {
        lists_[index_of(capacity)].push_back(block);
        kept_ += capacity;
        return;
      }
    }
    std::free(block);
  }

  std::size_t kept() {
    const std::lock_guard lock(mutex_);
    return kept_;
  }

  /// The next class at or above `size`: 2^k or 1.5 * 2^k, a multiple of the alignment.
  static std::size_t class_of(std::size_t size) {
    if (size <= kSmallest) return kSmallest;
    const std::size_t power = std::bit_ceil(size);
    const std::size_t between = power / 4 * 3;
    return size <= between ? between : power;
  }

 private:
  static std::size_t index_of(std::size_t capacity) {
    const auto log = static_cast<std::size_t>(std::bit_width(capacity) - 1);
    return log * 2 + (std::has_single_bit(capacity) ? 0 : 1);
  }

  std::mutex mutex_;
  std::array<std::vector<std::uint8_t*>, 130> lists_;
  std::size_t kept_ = 0;
};

Recycler& recycler() {
  static auto* instance = new Recycler;  // never destroyed: buffers may outlive static destructors
  return *instance;
}

}  // namespace

std::shared_ptr<Buffer> Buffer::allocate(std::size_t size) {
  std::shared_ptr<Buffer> buffer(new Buffer);
  buffer->capacity_ = Recycler::class_of(size);
  buffer->data_ = recycler().take(buffer->capacity_);
  buffer->size_ = size;
  return buffer;
}

std::shared_ptr<const Buffer> Buffer::wrap(const void* data, std::size_t size,
                                           std::shared_ptr<const void> owner) {
  std::shared_ptr<Buffer> buffer(new Buffer);
  buffer->data_ = static_cast<std::uint8_t*>(const_cast<void*>(data));
  buffer->size_ = size;
  buffer->capacity_ = size;
  buffer->owner_ = owner ? std::move(owner) : std::make_shared<int>(0);
  return buffer;
}

Buffer::~Buffer() {
  if (!owner_ && data_ != nullptr) recycler().give(data_, capacity_);
}

std::size_t Buffer::recycled_bytes() { return recycler().kept(); }

void grow(std::shared_ptr<Buffer>& buffer, std::size_t size) {
  if (buffer && buffer->capacity() >= size) {
    buffer->set_size(size);
    return;
  }
  auto larger = Buffer::allocate(buffer ? std::max(size, buffer->capacity() * 2) : size);
  if (buffer) std::memcpy(larger->mutable_data(), buffer->data(), buffer->size());
  larger->set_size(size);
  buffer = std::move(larger);
}

std::int64_t count_bits(const std::uint8_t* bits, std::int64_t from, std::int64_t count) {
  std::int64_t total = 0;
  std::int64_t i = from;
  const std::int64_t end = from + count;
  for (; i < end && (i & 7) != 0; ++i) total += get_bit(bits, i) ? 1 : 0;
  for (; i + 64 <= end; i += 64) {
    std::uint64_t word = 0;
    std::memcpy(&word, bits + (i >> 3), sizeof word);
    total += std::popcount(word);
  }
  for (; i < end; ++i) total += get_bit(bits, i) ? 1 : 0;
  return total;
}

}  // namespace flowrun
