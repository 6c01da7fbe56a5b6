// A growing list of distinct texts that all threads which decode one column share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "engine/data/column.h"
#include "nodes/formats/swar.h"

namespace flowrun::nodes {

/// A text prepared for a look-up. At least 8 bytes behind its start must be readable.
struct DictionaryKey {
  const char* text = nullptr;
  std::uint32_t length = 0;
  std::uint64_t front = 0;  ///< the first 8 bytes; zeros behind a shorter text
  std::uint64_t back = 0;   ///< the last 8 bytes; 0 for a text shorter than 8

  DictionaryKey() = default;
  DictionaryKey(const char* start, std::uint32_t size) : text(start), length(size) {
    if (size >= 8) {
      front = load_word(start);
      back = load_word(start + size - 8);
    } else {
      front = load_word(start) & low_bytes(size);
    }
  }

  [[nodiscard]] std::uint64_t hash() const {
    std::uint64_t state = length * kSecondFactor;
    if (!is_short()) {
      for (std::uint32_t at = 8; at + 8 < length; at += 8) {
        state = fold(state ^ load_word(text + at), kFirstFactor);
      }
    }
    return fold(front ^ kFirstFactor ^ state, back ^ kSecondFactor ^ state);
  }
  /// True where `front`, `back` and `length` are the whole text.
  [[nodiscard]] bool is_short() const { return length <= 16; }
  [[nodiscard]] bool same_ends(const DictionaryKey& other) const {
    return ((front ^ other.front) | (back ^ other.back) | (length ^ other.length)) == 0;
  }

 private:
  static constexpr std::uint64_t kFirstFactor = 0x9E3779B97F4A7C15ULL;  // splitmix64's constants
  static constexpr std::uint64_t kSecondFactor = 0xBF58476D1CE4E5B9ULL;

  /// Multiplies and folds the 128-bit product: every input bit reaches every output bit.
  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    const auto product = static_cast<UInt128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  }
};

/// Bytes that the dictionaries of one source may hold together.
class DictionaryBudget {
 public:
  static constexpr std::int64_t kUsual = 32 << 20;
  explicit DictionaryBudget(std::int64_t bytes = kUsual) : left_(bytes) {}
  /// Takes `bytes`; false (and nothing taken) where there are not that many left. Any thread.
  [[nodiscard]] bool take(std::size_t bytes);

 private:
  std::atomic<std::int64_t> left_;
};

/// Texts and their codes 0, 1, 2 …; entries are only ever added. Look-ups take no lock: a table,
/// once published, only gains entries, and a larger one replaces it whole.
class Dictionary {
 public:
  static constexpr std::int32_t kNone = -1;
  static constexpr std::size_t kMostEntries = 64U << 10U;
  static constexpr std::size_t kMostBytes = 4U << 20U;

  explicit Dictionary(std::shared_ptr<DictionaryBudget> budget);
  ~Dictionary();
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  struct Slot {
    std::uint64_t front = 0;
    std::uint64_t back = 0;
    const char* text = nullptr;
    std::uint32_t length = 0;
    std::atomic<std::int32_t> code{kNone};  ///< written last
  };

  struct Table {
    explicit Table(std::size_t size) : mask(size - 1), slots(size) {}
    std::size_t mask;
    std::vector<Slot> slots;
  };

  /// The table of now, for a run of look-ups. Any thread.
  [[nodiscard]] const Table* table() const { return table_.load(std::memory_order_acquire); }
  /// The code of a text; kNone where the table does not hold it. Any thread.
  [[nodiscard]] static std::int32_t find(const Table& table, const DictionaryKey& key,
                                         std::uint64_t hash) {
    for (std::size_t at = hash & table.mask;; at = (at + 1) & table.mask) {
      const auto& slot = table.slots[at];
      const auto code = slot.code.load(std::memory_order_acquire);
      if (code == kNone) return kNone;
      if (((slot.front ^ key.front) | (slot.back ^ key.back) | (slot.length ^ key.length)) != 0)
        continue;
      if (key.is_short() || std::memcmp(slot.text, key.text, key.length) == 0) return code;
    }
  }

  /// The code of a text, added where it is new; kNone where the dictionary is full. Any thread.
  [[nodiscard]] std::int32_t add(const DictionaryKey& key, std::uint64_t hash);

  /// All entries up to now at least, as a plain column; and the id under which the codes stand. Any
  /// thread.
  [[nodiscard]] ColumnRef values();
  [[nodiscard]] std::uint64_t id() const { return id_; }

  /// True where codes do not pay: there were too many texts, or hardly one came twice. Stays true.
  /// Any thread.
  [[nodiscard]] bool given_up() const { return given_up_.load(std::memory_order_relaxed); }
  void give_up() { given_up_.store(true, std::memory_order_relaxed); }
  /// Notes how many texts were looked up; gives up where most of them were new.
  void note_rows(std::size_t rows);

 private:
  void insert(Table& table, const Slot& entry, std::int32_t code);
  /// These make room for one more entry; false where the budget is used up.
  bool enlarge_table();
  bool enlarge_offsets();
  bool enlarge_text(std::size_t more);

  std::uint64_t id_;
  std::shared_ptr<DictionaryBudget> budget_;
  std::atomic<const Table*> table_{nullptr};
  std::atomic<std::uint64_t> rows_{0};
  std::atomic<bool> given_up_{false};

  std::mutex mutex_;  ///< guards what follows, and every change of a table
  std::vector<std::unique_ptr<Table>> tables_;  ///< old ones, too: readers may still hold them
  std::vector<std::shared_ptr<Buffer>> kept_;   ///< every block of text that a slot points into
  std::shared_ptr<Buffer> offsets_;
  std::shared_ptr<Buffer> text_;
  std::size_t entries_ = 0;
  std::size_t bytes_ = 0;
  ColumnRef values_;  ///< of the first `values_->length()` entries
};

}  // namespace flowrun::nodes
