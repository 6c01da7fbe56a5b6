// Keys as they come, each with a row: looked up by nobody, thrown out later where one has several.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "nodes/kernels/block.h"
#include "nodes/kernels/key_encoder.h"
#include "nodes/kernels/key_hash.h"
#include "nodes/kernels/slab_pool.h"

namespace flowrun::nodes {

/// A row in a log.
struct LoggedRow {
  static constexpr unsigned kPlaceBits = 48;

  std::uint64_t rank = 0;   ///< of two rows of one key, that with the greater one stays
  std::uint64_t place = 0;  ///< 48 bits that say where the row is
};

/// Decides between rows of equal rank. Any thread.
class TieBreak {
 public:
  /// True where `row` stays and `over` goes.
  [[nodiscard]] virtual bool wins(const LoggedRow& row, const LoggedRow& over) const = 0;

 protected:
  ~TieBreak() = default;
};

/// How keys of one encoder lie in the entries of a log: either all have the same size and no
/// padding, or an entry says what its key's size and hash are.
struct KeyForm {
  KeyForm() = default;
  KeyForm(const KeyEncoder& keys, const KeyRuns& runs)
      : bytes(keys.unpadded()), words(runs.stride / 8), is_sized(!runs.offsets.empty()) {}

  std::size_t bytes = 0;  ///< of a key of fixed size
  std::size_t words = 0;  ///< the same with its padding, in words of eight bytes
  bool is_sized = false;
};

/// Entries (row, key) in slabs of a pool: 14 bytes and the key, rounded up to 8. Keys are compared
/// whole. Used by one thread at a time.
class KeyLog {
 public:
  KeyLog(const KeyForm& form, SlabPool& pool);
  KeyLog(KeyLog&& other) noexcept;
  KeyLog& operator=(KeyLog&&) = delete;
  ~KeyLog();

  /// Appends the keys of `chosen` runs; row_of(run) gives their rows.
  template <typename RowOf>
  void append(const KeyRuns& runs, std::span<const std::uint32_t> chosen, RowOf row_of) {
    for (const auto run : chosen) {
      const LoggedRow row = row_of(run);
      const auto key = runs.key(run);
      form_.is_sized ? put_sized(row, key, runs.hashes[run]) : put_fixed(row, key.data());
    }
    entries_ += chosen.size();
    if (!chosen.empty())
      next_.store(slabs_.back().data + slabs_.back().used, std::memory_order_relaxed);
  }

  /// Brings the memory that the next entries go to into the cache. Any thread.
  void prefetch_end(std::size_t entries) const {
    const auto* at = next_.load(std::memory_order_relaxed);
    if (at == nullptr) return;
    const auto bytes = entries * rounded(kKeyAt + form_.bytes);
    for (std::size_t line = 0; line < bytes; line += 64) __builtin_prefetch(at + line, 1);
  }
  /// Throws out all but one entry of each key. Where the log is small and most of what was added
  /// had a key that was there before, it remembers where the keys are, and the next time looks at
  /// what is new only.
  void compact(const TieBreak& ties);
  /// Hands every entry to one of `parts`, by so many bits of its key's hash below the upper ones
  /// that were used before, and is empty then. The parts' number is a power of two.
  void split(std::span<KeyLog* const> parts, unsigned used_bits);
  void clear();

  [[nodiscard]] std::size_t entries() const { return entries_; }
  /// Entries at the front that the last compact() left: no two of them have the same key.
  [[nodiscard]] std::size_t distinct() const { return distinct_; }
  /// True where compact() is cheap at any time.
  [[nodiscard]] bool repeats() const { return repeats_; }
  /// Bytes of the entries.
  [[nodiscard]] std::size_t bytes() const;
  /// Bytes of what it remembers besides.
  [[nodiscard]] std::size_t index_bytes() const;

  /// Calls visit(place) for every entry's row.
  template <typename Visit>
  void for_each_place(Visit visit) const {
    for (const auto& slab : slabs_) {
      for (const auto* entry = slab.data; entry != slab.data + slab.used; entry += size_of(entry)) {
        visit(row_at(entry).place);
      }
    }
  }
  /// Gives every entry's row the place that move(place) says.
  template <typename Move>
  void move_places(Move move) {
    for (auto& slab : slabs_) {
      for (auto* entry = slab.data; entry != slab.data + slab.used; entry += size_of(entry)) {
        put_place(entry, move(row_at(entry).place));
      }
    }
  }

 private:
  struct Slab {
    char* data = nullptr;
    std::size_t capacity = 0;  ///< more than the pool's largest: a block of its own for one entry
    std::size_t used = 0;
    Block own;
  };
  /// Where compact() writes.
  struct Writer {
    std::size_t slab = 0;
    std::size_t used = 0;  ///< there
  };
  class Table;
  template <typename Form>
  class Compaction;

  static constexpr std::uint64_t kPlaceMask = (std::uint64_t{1} << LoggedRow::kPlaceBits) - 1;
  static constexpr std::size_t kPlaceAt = 8;
  static constexpr std::size_t kKeyAt = 14;  ///< of keys of fixed size
  static constexpr std::size_t kHashAt = 16;
  static constexpr std::size_t kSizeAt = 24;
  static constexpr std::size_t kSizedKeyAt = 28;

  static std::size_t rounded(std::size_t bytes) { return (bytes + 7) / 8 * 8; }
  [[nodiscard]] std::size_t size_of(const char* entry) const {
    return form_.is_sized ? rounded(kSizedKeyAt + key_size(entry)) : rounded(kKeyAt + form_.bytes);
  }
  static std::uint32_t key_size(const char* entry) {
    std::uint32_t size = 0;
    std::memcpy(&size, entry + kSizeAt, sizeof size);
    return size;
  }
  static LoggedRow row_at(const char* entry) {
    return {word_at(entry), word_at(entry + kPlaceAt) & kPlaceMask};
  }
  static void put_place(char* entry, std::uint64_t place) {
    place |= word_at(entry + kPlaceAt) & ~kPlaceMask;
    std::memcpy(entry + kPlaceAt, &place, sizeof place);
  }
  [[nodiscard]] std::uint64_t hash_at(const char* entry) const;

  [[nodiscard]] char* room(std::size_t size) {
    if (slabs_.empty() || !fits(slabs_.back(), slabs_.back().used, size)) add_slab(size);
    auto& slab = slabs_.back();
    return slab.data + std::exchange(slab.used, slab.used + size);
  }
  static bool fits(const Slab& slab, std::size_t used, std::size_t size) {
    return used + size <= slab.capacity && (used == 0 || used + size <= SlabPool::kLargest);
  }
  void put_fixed(const LoggedRow& row, const char* key);
  void put_sized(const LoggedRow& row, std::string_view key, std::uint64_t hash);
  void append_copy(const char* entry, std::size_t size);
  void add_slab(std::size_t size);
  void release(Slab& slab);
  void truncate(const Writer& end);
  template <typename Form>
  void compact_as(const Form& form, const TieBreak& ties);
  static void merge(char* kept, const char* entry, const TieBreak& ties);

  KeyForm form_;
  SlabPool* pool_;
  std::vector<Slab> slabs_;
  std::size_t entries_ = 0;
  std::size_t distinct_ = 0;
  Writer end_;                               ///< of the distinct ones
  std::atomic<const char*> next_ = nullptr;  ///< where the next entry goes, or went
  bool repeats_ = false;
  std::unique_ptr<Table> index_;
};

/// The place and the first two bytes of the key share a word; what is written behind the key, up to
/// the next entry, is never read.
inline void KeyLog::put_fixed(const LoggedRow& row, const char* key) {
  const auto size = rounded(kKeyAt + form_.bytes);
  auto* entry = room(size);
  const auto place = row.place | word_at(key) << LoggedRow::kPlaceBits;
  std::memcpy(entry, &row.rank, sizeof row.rank);
  std::memcpy(entry + kPlaceAt, &place, sizeof place);
  for (std::size_t at = 16; at < size; at += 8) std::memcpy(entry + at, key + at - kKeyAt, 8);
}

}  // namespace flowrun::nodes
