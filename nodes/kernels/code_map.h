// What was worked out for each code of a dictionary, kept across batches.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/data/column.h"

namespace flowrun::nodes {

/// Maps the codes of dictionaries to numbers (an output's port, a pivot's column, a key's id). The
/// codes of a dictionary only grow in number, so each text is looked at once. Any thread.
class CodeMap {
 public:
  using Numbers = std::shared_ptr<const std::vector<std::int32_t>>;

  /// One number per code of the dictionary of `column`: `work_out(text)`, called for codes that are
  /// new.
  template <typename WorkOut>
  [[nodiscard]] Numbers of(const Column& column, WorkOut work_out) {
    const auto& texts = *column.dictionary();
    const auto size = static_cast<std::size_t>(texts.length());
    const std::lock_guard lock(mutex_);
    auto& known = entry(column.dictionary_id());
    if (known && known->size() >= size) return known;
    auto grown = known ? std::make_shared<std::vector<std::int32_t>>(*known)
                       : std::make_shared<std::vector<std::int32_t>>();
    grown->reserve(size);
    for (auto code = grown->size(); code < size; ++code) {
      grown->push_back(work_out(texts.text(static_cast<std::int64_t>(code))));
    }
    if (column.dictionary_id() != 0) known = grown;
    return grown;
  }

 private:
  static constexpr std::size_t kMostDictionaries = 256;

  /// The place of a dictionary; the one that came first makes room for the newest.
  Numbers& entry(std::uint64_t id) {
    for (auto& [known, numbers] : entries_) {
      if (known == id) return numbers;
    }
    if (entries_.size() == kMostDictionaries) entries_.erase(entries_.begin());
    return entries_.emplace_back(id, nullptr).second;
  }

  std::mutex mutex_;
  std::vector<std::pair<std::uint64_t, Numbers>> entries_;
};

}  // namespace flowrun::nodes
