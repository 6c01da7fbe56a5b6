// Keys, each once, with what is kept of each.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "nodes/kernels/block.h"

namespace flowrun::nodes {

/// True where two keys of `size` bytes are equal. Keys are mostly a few words long, so no call is
/// made for those.
[[nodiscard]] inline bool equal_keys(const char* a, const char* b, std::size_t size) {
  for (; size >= 8; size -= 8, a += 8, b += 8) {
    std::uint64_t x = 0;
    std::uint64_t y = 0;
    std::memcpy(&x, a, sizeof x);
    std::memcpy(&y, b, sizeof y);
    if (x != y) return false;
  }
  return size == 0 || std::memcmp(a, b, size) == 0;
}

/// Maps byte strings to entries: an open-addressing table of (part of the hash, place) over records
/// that hold entry and key side by side, so that a key that is known costs two visits to memory.
/// Keys are compared whole; the hash only leads to them. Records stay where they are and can be
/// walked in order of first sight. Used by one thread at a time.
template <typename Entry>
class KeyTable {
  static_assert(std::is_trivially_copyable_v<Entry> && alignof(Entry) <= 8 &&
                sizeof(Entry) % 8 == 0);

 public:
  /// A record's place; valid as long as the table.
  using Place = std::uint32_t;

  /// Brings what a hash leads to into the cache: first the slot, some keys later the record.
  void prefetch_slot(std::uint64_t hash) const {
    if (slots_ != nullptr) __builtin_prefetch(&slots_[tag_of(hash) & mask_]);
  }
  void prefetch_record(std::uint64_t hash) const {
    if (slots_ == nullptr) return;
    const auto& slot = slots_[tag_of(hash) & mask_];
    if (slot.tag == tag_of(hash) && slot.place != kFree) __builtin_prefetch(address(slot.place));
  }

  /// The entry of `key`, and whether it is new: then it is `fresh`. Throws Error(limit) where there
  /// are too many.
  std::pair<Entry*, bool> find_or_add(std::uint64_t hash, std::string_view key,
                                      const Entry& fresh) {
    if (size_ * 8 >= capacity_ * 5) grow();
    const auto tag = tag_of(hash);
    for (auto at = tag & mask_;; at = (at + 1) & mask_) {
      auto& slot = slots_[at];
      if (slot.place == kFree) {
        slot = {tag, add_record(tag, key, fresh)};
        return {entry_at(slot.place), true};
      }
      if (slot.tag != tag) continue;
      const auto* record = address(slot.place);
      if (head_of(record).size == key.size() &&
          equal_keys(record + kKeyAt, key.data(), key.size())) {
        return {entry_at(slot.place), false};
      }
    }
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] Entry& entry(Place place) { return *entry_at(place); }
  [[nodiscard]] const Entry& entry(Place place) const { return *entry_at(place); }
  /// The bytes of a key; they stay there.
  [[nodiscard]] const char* key(Place place) const { return address(place) + kKeyAt; }
  [[nodiscard]] std::string_view key_bytes(Place place) const {
    return {key(place), head_of(address(place)).size};
  }
  /// The record that was added last; there must be one.
  [[nodiscard]] Place newest() const { return newest_; }
  void prefetch(Place place) const { __builtin_prefetch(address(place)); }

  /// Calls visit(Place) for every record, in the order in which they came.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
      for (std::size_t word = 0; word < used_[i];) {
        const auto place = static_cast<Place>(i << kChunkBits | word);
        visit(place);
        word += words_of(head_of(address(place)).size);
      }
    }
  }

  /// Bytes kept.
  [[nodiscard]] std::int64_t bytes() const {
    return bytes_ + static_cast<std::int64_t>(slot_block_.size());
  }

 private:
  static constexpr Place kFree = 0xFFFFFFFF;
  static constexpr unsigned kChunkBits =
      8;  ///< words of eight bytes: 2 KiB, as many windows may be open with few rows each;
          ///< a longer record has a chunk of its own
  static constexpr std::size_t kFirstSlots = 64;

  struct Slot {
    std::uint32_t tag = 0;
    Place place = kFree;
  };
  struct Head {
    std::uint32_t size;  ///< of the key
    std::uint32_t tag;
  };
  /// Chunks come from slabs that grow with the table: few and large ones, once there is much, are
  /// kinder to the processor's tables of pages.
  static constexpr std::size_t kLargestSlab = Block::kHugePage;
  static constexpr std::size_t kSlabShare = 8;
  static constexpr std::size_t kKeyAt = sizeof(Head) + sizeof(Entry);

  /// The upper bits choose the shard; the table goes by the lower ones.
  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash); }
  static std::size_t words_of(std::size_t key_size) { return (kKeyAt + key_size + 7) / 8; }
  static Head head_of(const char* record) {
    Head head;
    std::memcpy(&head, record, sizeof head);
    return head;
  }
  [[nodiscard]] char* address(Place place) const {
    return chunks_[place >> kChunkBits] + (place & ((1U << kChunkBits) - 1)) * std::size_t{8};
  }
  [[nodiscard]] Entry* entry_at(Place place) const {
    return std::launder(reinterpret_cast<Entry*>(address(place) + sizeof(Head)));
  }

  Place add_record(std::uint32_t tag, std::string_view key, const Entry& fresh) {
    constexpr std::size_t kChunkWords = std::size_t{1} << kChunkBits;
    const auto words = words_of(key.size());
    if (chunks_.empty() || used_.back() + words > kChunkWords) {
      add_chunk(std::max(words, kChunkWords) * 8);
    }
    const auto place = static_cast<Place>((chunks_.size() - 1) << kChunkBits | used_.back());
    used_.back() += static_cast<std::uint32_t>(words);
    const Head head{static_cast<std::uint32_t>(key.size()), tag};
    auto* record = address(place);
    std::memcpy(record, &head, sizeof head);
    new (record + sizeof head) Entry(fresh);
    if (!key.empty()) std::memcpy(record + kKeyAt, key.data(), key.size());
    ++size_;
    newest_ = place;
    return place;
  }

  void add_chunk(std::size_t bytes) {
    if (chunks_.size() == std::size_t{1} << (32 - kChunkBits)) {
      throw Error(Errc::limit, "more keys than one part of a unit can hold");
    }
    if (bytes > free_) {
      const auto share = static_cast<std::size_t>(bytes_) / kSlabShare;
      const auto& slab = slabs_.emplace_back(std::max(bytes, std::min(kLargestSlab, share)));
      bytes_ += static_cast<std::int64_t>(slab.size());
      next_ = slab.data();
      free_ = slab.size();
    }
    chunks_.push_back(next_);
    used_.push_back(0);
    next_ += bytes;
    free_ -= bytes;
  }

  /// What stood at i comes to stand at i or i + the old size, or close behind: two streams in
  /// order, where a walk over the records would jump about.
  void grow() {
    const auto old_capacity = std::exchange(capacity_, std::max(kFirstSlots, capacity_ * 2));
    const auto old_block = std::exchange(slot_block_, Block(capacity_ * sizeof(Slot)));
    const auto* old = std::exchange(slots_, new (slot_block_.data()) Slot[capacity_]);
    mask_ = static_cast<std::uint32_t>(capacity_ - 1);
    for (std::size_t i = 0; i < old_capacity; ++i) {
      const auto& slot = old[i];
      if (slot.place == kFree) continue;
      auto at = slot.tag & mask_;
      while (slots_[at].place != kFree) at = (at + 1) & mask_;
      slots_[at] = slot;
    }
  }

  Block slot_block_;
  Slot* slots_ = nullptr;  ///< in the block
  std::size_t capacity_ = 0;
  std::uint32_t mask_ = 0;
  std::size_t size_ = 0;
  Place newest_ = 0;
  std::vector<char*> chunks_;
  std::vector<std::uint32_t> used_;  ///< words, by chunk
  std::vector<Block> slabs_;
  char* next_ = nullptr;  ///< in the last slab
  std::size_t free_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace flowrun::nodes
