#include "nodes/kernels/key_log.h"

#include <algorithm>
#include <array>
#include <bit>

#include "nodes/kernels/scratch.h"

namespace flowrun::nodes {
namespace {

constexpr std::size_t kSmallLog = std::size_t{64} << 10U;  // bytes that stay in the cache
constexpr std::size_t kSmallIndex = 1024;                  // slots
constexpr unsigned kWordBits = 13;  // of a place in a slab, in words of eight bytes
static_assert(SlabPool::kLargest == std::size_t{8} << kWordBits);

/// Keys of one size, without padding, as the words they were hashed from. `Words` is 0 where there
/// are too many of them for code of their own.
template <std::size_t Words>
class FixedKeys {
 public:
  FixedKeys(std::size_t key_at, std::size_t bytes, std::size_t words)
      : key_at_(key_at),
        words_(words),
        last_at_(key_at + bytes - 8),
        last_shift_(static_cast<unsigned>(64 - 8 * (bytes - 8 * (words - 1)))) {}

  /// The last word is read with bytes in front of it, which are shifted out.
  [[nodiscard]] std::uint64_t word(const char* entry, std::size_t i) const {
    return i + 1 == words() ? word_at(entry + last_at_) >> last_shift_
                            : word_at(entry + key_at_ + 8 * i);
  }
  [[nodiscard]] std::uint64_t hash(const char* entry) const {
    return hash_words(words(), [&](std::size_t i) { return word(entry, i); });
  }
  [[nodiscard]] bool equal(const char* a, const char* b) const {
    std::uint64_t differ = 0;
    for (std::size_t i = 0; i < words(); ++i) differ |= word(a, i) ^ word(b, i);
    return differ == 0;
  }
  [[nodiscard]] std::size_t size(const char*) const { return (last_at_ + 8 + 7) / 8 * 8; }

 private:
  [[nodiscard]] std::size_t words() const { return Words == 0 ? words_ : Words; }
  std::size_t key_at_;
  std::size_t words_;
  std::size_t last_at_;
  unsigned last_shift_;
};

}  // namespace

/// An open-addressing table of (part of the hash, place of an entry that stays).
class KeyLog::Table {
 public:
  static constexpr std::uint32_t kFree = 0xFFFFFFFF;
  struct Slot {
    std::uint32_t tag;
    std::uint32_t at;
  };

  /// Has room for so many entries, and grows where there are more.
  explicit Table(std::size_t entries)
      : slots_(std::bit_ceil(std::max<std::size_t>(64, entries + entries / 4))),
        mask_(static_cast<std::uint32_t>(slots_.size() - 1)) {
    std::memset(slots_.data(), 0xFF, slots_.size() * sizeof(Slot));
  }
  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  [[nodiscard]] std::size_t bytes() const { return slots_.size() * sizeof(Slot); }
  [[nodiscard]] std::uint32_t first(std::uint64_t hash) const {
    return static_cast<std::uint32_t>(hash) & mask_;
  }
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(slots_.data() + first(hash)); }
  [[nodiscard]] std::uint32_t next(std::uint32_t at) const { return (at + 1) & mask_; }
  [[nodiscard]] const Slot& operator[](std::uint32_t at) const { return slots_[at]; }

  /// Fills the free slot `at`.
  void fill(std::uint32_t at, Slot slot) {
    slots_[at] = slot;
    if (++used_ * 5 > slots_.size() * 4) grow();
  }

 private:
  void grow() {
    Table larger(slots_.size());
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      const auto& slot = slots_[i];
      if (slot.at == kFree) continue;
      auto at = larger.first(slot.tag);
      while (larger[at].at != kFree) at = larger.next(at);
      larger.fill(at, slot);
    }
    *this = std::move(larger);
  }

  Scratch<Slot> slots_;
  std::uint32_t mask_;
  std::size_t used_ = 0;
};

KeyLog::KeyLog(const KeyForm& form, SlabPool& pool) : form_(form), pool_(&pool) {}

KeyLog::KeyLog(KeyLog&& other) noexcept
    : form_(other.form_),
      pool_(other.pool_),
      slabs_(std::exchange(other.slabs_, {})),
      entries_(std::exchange(other.entries_, 0)),
      distinct_(std::exchange(other.distinct_, 0)),
      end_(other.end_),
      repeats_(std::exchange(other.repeats_, false)),
      index_(std::move(other.index_)) {}

KeyLog::~KeyLog() { clear(); }

std::uint64_t KeyLog::hash_at(const char* entry) const {
  if (form_.is_sized) return word_at(entry + kHashAt);
  return FixedKeys<0>(kKeyAt, form_.bytes, form_.words).hash(entry);
}

void KeyLog::put_sized(const LoggedRow& row, std::string_view key, std::uint64_t hash) {
  auto* entry = room(rounded(kSizedKeyAt + key.size()));
  const auto size = static_cast<std::uint32_t>(key.size());
  std::memcpy(entry, &row.rank, sizeof row.rank);
  std::memcpy(entry + kPlaceAt, &row.place, sizeof row.place);
  std::memcpy(entry + kHashAt, &hash, sizeof hash);
  std::memcpy(entry + kSizeAt, &size, sizeof size);
  std::memcpy(entry + kSizedKeyAt, key.data(), key.size());
}

void KeyLog::append_copy(const char* entry, std::size_t size) {
  std::memcpy(room(size), entry, size);
  ++entries_;
}

/// Slabs grow with the log, as many logs may be open with few entries each.
void KeyLog::add_slab(std::size_t size) {
  auto& slab = slabs_.emplace_back();
  if (size > SlabPool::kLargest) {
    slab.own = Block(size);
    slab.data = slab.own.data();
    slab.capacity = slab.own.size();
    pool_->note(static_cast<std::int64_t>(slab.capacity));
    return;
  }
  const auto before = slabs_.size() > 1 ? slabs_[slabs_.size() - 2].capacity * 2 : 0;
  slab.capacity =
      std::min(SlabPool::kLargest, std::bit_ceil(std::max({size, before, SlabPool::kSmallest})));
  slab.data = pool_->take(slab.capacity);
}

void KeyLog::release(Slab& slab) {
  if (slab.own.data() != nullptr) {
    pool_->note(-static_cast<std::int64_t>(slab.capacity));
  } else if (slab.data != nullptr) {
    pool_->give(slab.data, slab.capacity);
  }
}

void KeyLog::clear() {
  for (auto& slab : slabs_) release(slab);
  slabs_.clear();
  entries_ = 0;
  distinct_ = 0;
  repeats_ = false;
  index_ = nullptr;
}

std::size_t KeyLog::bytes() const {
  std::size_t total = 0;
  for (const auto& slab : slabs_) total += slab.used;
  return total;
}

std::size_t KeyLog::index_bytes() const { return index_ ? index_->bytes() : 0; }

void KeyLog::truncate(const Writer& end) {
  slabs_[end.slab].used = end.used;
  while (slabs_.size() > end.slab + 1) {
    release(slabs_.back());
    slabs_.pop_back();
  }
  end_ = end;
}

/// Whole words, the two bytes of the key beside the place being the same in both: no branch but for
/// ties, as which row wins is chance.
void KeyLog::merge(char* kept, const char* entry, const TieBreak& ties) {
  const auto rank = word_at(entry);
  const auto kept_rank = word_at(kept);
  const bool wins = rank == kept_rank ? ties.wins(row_at(entry), row_at(kept)) : rank > kept_rank;
  std::array<std::uint64_t, 2> row{wins ? rank : kept_rank,
                                   wins ? word_at(entry + kPlaceAt) : word_at(kept + kPlaceAt)};
  std::memcpy(kept, row.data(), sizeof row);
}

/// One look through a log. Entries are taken some at a time, so that what they lead to is on its
/// way into the cache when it is wanted.
template <typename Form>
class KeyLog::Compaction {
 public:
  /// `table` is empty, or knows the entries before `log.end_`.
  Compaction(KeyLog& log, const Form& form, const TieBreak& ties, Table& table, bool is_empty)
      : slabs_(log.slabs_),
        form_(form),
        ties_(ties),
        table_(table),
        distinct_(is_empty ? log.distinct_ : 0),
        writer_(is_empty ? Writer() : log.end_),
        kept_(is_empty ? 0 : log.distinct_) {}

  /// Returns how many entries are left, and in `end` where they end.
  std::size_t run(Writer& end) {
    auto from = writer_.used;
    for (auto s = writer_.slab; s < slabs_.size(); ++s) {
      const auto& slab = slabs_[s];
      const auto* behind = slab.data + slab.used;
      const char* entry = slab.data + std::exchange(from, 0);
      while (entry != behind) {
        const auto hash = form_.hash(entry);
        table_.prefetch(hash);
        ahead_[waiting_++] = {entry, hash};
        entry += form_.size(entry);  // before it may move
        if (waiting_ == kAhead) put_all();
      }
      put_all();  // before `used` of the slab, and what stands there, may change
    }
    end = writer_;
    return kept_;
  }

 private:
  static constexpr std::size_t kAhead = 32;
  struct Ahead {
    const char* entry;
    std::uint64_t hash;
  };

  [[nodiscard]] char* address(std::uint32_t at) const {
    return slabs_[at >> kWordBits].data + (at & ((1U << kWordBits) - 1)) * std::size_t{8};
  }

  void put_all() {
    for (std::size_t i = 0; i < waiting_; ++i) {
      const auto& slot = table_[table_.first(ahead_[i].hash)];
      if (slot.at != Table::kFree) __builtin_prefetch(address(slot.at));
    }
    for (std::size_t i = 0; i < waiting_; ++i) {
      seen_++ < distinct_ ? put_new(ahead_[i]) : put(ahead_[i]);
    }
    waiting_ = 0;
  }

  /// An entry whose key is in no entry before it.
  void put_new(const Ahead& ahead) {
    auto at = table_.first(ahead.hash);
    while (table_[at].at != Table::kFree) at = table_.next(at);
    keep(ahead, at);
  }

  void put(const Ahead& ahead) {
    const auto tag = static_cast<std::uint32_t>(ahead.hash);
    for (auto at = table_.first(ahead.hash);; at = table_.next(at)) {
      const auto& slot = table_[at];
      if (slot.at == Table::kFree) return keep(ahead, at);
      if (slot.tag != tag) continue;
      auto* other = address(slot.at);
      if (form_.equal(other, ahead.entry)) return merge(other, ahead.entry, ties_);
    }
  }

  /// Copies an entry that stays to where the writer is, which never comes past it: it skips no slab
  /// that it would not have skipped when it was written.
  void keep(const Ahead& ahead, std::uint32_t at) {
    const auto size = form_.size(ahead.entry);
    while (!fits(slabs_[writer_.slab], writer_.used, size)) {
      slabs_[writer_.slab].used = writer_.used;
      ++writer_.slab;
      writer_.used = 0;
    }
    auto* to = slabs_[writer_.slab].data + writer_.used;
    if (to != ahead.entry) {
      for (std::size_t i = 0; i < size; i += 8) {
        const auto word = word_at(ahead.entry + i);
        std::memcpy(to + i, &word, sizeof word);
      }
    }
    table_.fill(at, {static_cast<std::uint32_t>(ahead.hash),
                     static_cast<std::uint32_t>(writer_.slab << kWordBits | writer_.used / 8)});
    writer_.used += size;
    ++kept_;
  }

  std::vector<Slab>& slabs_;
  Form form_;
  const TieBreak& ties_;
  Table& table_;
  std::size_t distinct_;
  Writer writer_;
  std::array<Ahead, kAhead> ahead_;
  std::size_t waiting_ = 0;
  std::size_t seen_ = 0;
  std::size_t kept_;
};

template <typename Form>
void KeyLog::compact_as(const Form& form, const TieBreak& ties) {
  const auto added = entries_ - distinct_;
  const auto before = distinct_;
  const bool is_new = !index_;
  if (is_new) index_ = std::make_unique<Table>(before + (repeats_ ? added / 4 : added));
  Writer end;
  entries_ = Compaction<Form>(*this, form, ties, *index_, is_new).run(end);
  distinct_ = entries_;
  truncate(end);
  repeats_ = bytes() <= kSmallLog && (entries_ - before) * 4 <= added;
  if (!repeats_ || index_->size() > 4 * entries_ + kSmallIndex) index_ = nullptr;
}

void KeyLog::compact(const TieBreak& ties) {
  struct SizedKeys {
    [[nodiscard]] std::uint64_t hash(const char* entry) const { return word_at(entry + kHashAt); }
    [[nodiscard]] bool equal(const char* a, const char* b) const {
      return hash(a) == hash(b) && key_size(a) == key_size(b) &&
             std::memcmp(a + kSizedKeyAt, b + kSizedKeyAt, key_size(a)) == 0;
    }
    [[nodiscard]] std::size_t size(const char* entry) const {
      return rounded(kSizedKeyAt + key_size(entry));
    }
  };
  if (entries_ == distinct_) return;
  if (form_.is_sized) return compact_as(SizedKeys(), ties);
  const auto fixed = [&]<std::size_t Words>(std::integral_constant<std::size_t, Words>) {
    compact_as(FixedKeys<Words>(kKeyAt, form_.bytes, form_.words), ties);
  };
  switch (form_.words) {
    case 1:
      return fixed(std::integral_constant<std::size_t, 1>());
    case 2:
      return fixed(std::integral_constant<std::size_t, 2>());
    case 3:
      return fixed(std::integral_constant<std::size_t, 3>());
    case 4:
      return fixed(std::integral_constant<std::size_t, 4>());
    default:
      return fixed(std::integral_constant<std::size_t, 0>());
  }
}

void KeyLog::split(std::span<KeyLog* const> parts, unsigned used_bits) {
  const auto bits = static_cast<unsigned>(std::countr_zero(parts.size()));
  for (auto& slab : slabs_) {
    for (const auto* entry = slab.data; entry != slab.data + slab.used;) {
      const auto size = size_of(entry);
      const auto part = hash_at(entry) << used_bits >> (64 - bits);
      parts[part]->append_copy(entry, size);
      entry += size;
    }
    release(slab);
    slab = {};
  }
  slabs_.clear();
  const bool was_distinct = entries_ == distinct_;
  clear();
  if (!was_distinct) return;
  for (auto* part : parts) part->distinct_ = part->entries_;
}

}  // namespace flowrun::nodes
