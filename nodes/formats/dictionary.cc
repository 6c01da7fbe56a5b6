#include "nodes/formats/dictionary.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/data/column.h"

namespace flowrun::nodes {
namespace {

// Small: a file may have a thousand columns.
constexpr std::size_t kFirstSlots = 128;
constexpr std::size_t kFirstText = 1024;
constexpr std::size_t kGrowth = 4;
// Below this many entries nothing is judged: every file starts with texts that are new.
constexpr std::size_t kFewEntries = 4096;
constexpr std::uint64_t kRowsPerEntry = 2;

}  // namespace

bool DictionaryBudget::take(std::size_t bytes) {
  const auto wanted = static_cast<std::int64_t>(bytes);
  if (left_.fetch_sub(wanted, std::memory_order_relaxed) >= wanted) return true;
  left_.fetch_add(wanted, std::memory_order_relaxed);
  return false;
}

Dictionary::Dictionary(std::shared_ptr<DictionaryBudget> budget)
    : id_(new_dictionary_id()), budget_(std::move(budget)) {
  tables_.push_back(std::make_unique<Table>(kFirstSlots));
  offsets_ = Buffer::allocate((kFirstSlots + 1) * sizeof(std::int32_t));
  offsets_->mutable_as<std::int32_t>()[0] = 0;
  text_ = Buffer::allocate(kFirstText);
  kept_.push_back(text_);
  table_.store(tables_.back().get(), std::memory_order_release);
}

Dictionary::~Dictionary() = default;

std::int32_t Dictionary::add(const DictionaryKey& key, std::uint64_t hash) {
  const std::lock_guard lock(mutex_);
  if (const auto code = find(*tables_.back(), key, hash); code != kNone) return code;
  const bool room = entries_ < kMostEntries && bytes_ + key.length <= kMostBytes &&
                    enlarge_offsets() && enlarge_text(key.length) && enlarge_table();
  if (!room) {
    give_up();
    return kNone;
  }
  char* text = text_->mutable_as<char>() + bytes_;
  if (key.length > 0) std::memcpy(text, key.text, key.length);
  bytes_ += key.length;
  ++entries_;
  offsets_->mutable_as<std::int32_t>()[entries_] = static_cast<std::int32_t>(bytes_);
  Slot entry;
  entry.front = key.front;
  entry.back = key.back;
  entry.length = key.length;
  entry.text = text;
  const auto code = static_cast<std::int32_t>(entries_ - 1);
  insert(*tables_.back(), entry, code);
  return code;
}

void Dictionary::insert(Table& table, const Slot& entry, std::int32_t code) {
  DictionaryKey key;
  key.front = entry.front;
  key.back = entry.back;
  key.length = entry.length;
  key.text = entry.text;
  auto at = key.hash() & table.mask;
  while (table.slots[at].code.load(std::memory_order_relaxed) != kNone) at = (at + 1) & table.mask;
  auto& slot = table.slots[at];
  slot.front = entry.front;
  slot.back = entry.back;
  slot.length = entry.length;
  slot.text = entry.text;
  slot.code.store(code, std::memory_order_release);
}

bool Dictionary::enlarge_table() {
  const auto& old = *tables_.back();
  if ((entries_ + 1) * 2 <= old.slots.size()) return true;
  const auto size = old.slots.size() * kGrowth;
  if (!budget_->take(size * sizeof(Slot))) return false;
  auto table = std::make_unique<Table>(size);
  for (const auto& slot : old.slots) {
    const auto code = slot.code.load(std::memory_order_relaxed);
    if (code != kNone) insert(*table, slot, code);
  }
  tables_.push_back(std::move(table));
  table_.store(tables_.back().get(), std::memory_order_release);
  return true;
}

// Columns that were handed out look into the two blocks that follow: what they see stays, what is
// added comes behind it, and a block that is too small is copied, never moved.

bool Dictionary::enlarge_offsets() {
  if ((entries_ + 2) * sizeof(std::int32_t) <= offsets_->capacity()) return true;
  const auto size = offsets_->capacity() * kGrowth;
  if (!budget_->take(size)) return false;
  auto larger = Buffer::allocate(size);
  std::memcpy(larger->mutable_data(), offsets_->data(), (entries_ + 1) * sizeof(std::int32_t));
  offsets_ = std::move(larger);
  return true;
}

bool Dictionary::enlarge_text(std::size_t more) {
  if (bytes_ + more <= text_->capacity()) return true;
  const auto size = std::max(text_->capacity() * kGrowth, bytes_ + more);
  if (!budget_->take(size)) return false;
  auto larger = Buffer::allocate(size);
  std::memcpy(larger->mutable_data(), text_->data(), bytes_);
  text_ = std::move(larger);
  kept_.push_back(text_);
  return true;
}

ColumnRef Dictionary::values() {
  const std::lock_guard lock(mutex_);
  const auto length = static_cast<std::int64_t>(entries_);
  if (!values_ || values_->length() != length) {
    ColumnParts parts{.type = kString, .length = length};
    parts.values = Buffer::wrap(offsets_->data(), (entries_ + 1) * sizeof(std::int32_t), offsets_);
    parts.data = Buffer::wrap(text_->data(), bytes_, text_);
    values_ = std::make_shared<const Column>(std::move(parts));
  }
  return values_;
}

void Dictionary::note_rows(std::size_t rows) {
  const auto seen = rows_.fetch_add(rows, std::memory_order_relaxed) + rows;
  const std::lock_guard lock(mutex_);
  if (entries_ > kFewEntries && seen < entries_ * kRowsPerEntry) give_up();
}

}  // namespace flowrun::nodes
