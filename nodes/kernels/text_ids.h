// Numbers for texts: 0, 1, 2, … in order of first sight.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/core/hash.h"
#include "engine/data/column.h"

namespace flowrun::nodes {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return hash64(text); }
};

/// Any thread.
class TextIds {
 public:
  /// The number of a text, a new one where it was not seen before.
  [[nodiscard]] std::int32_t id_of(std::string_view text);
  /// Every text at its number, as a plain column.
  [[nodiscard]] ColumnRef texts() const;
  /// About how many bytes are kept.
  [[nodiscard]] std::int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  mutable std::mutex mutex_;
  std::deque<std::string> texts_;
  std::unordered_map<std::string_view, std::int32_t, TextHash> ids_;
  std::atomic<std::int64_t> bytes_ = 0;
};

/// Texts known beforehand and their numbers. Constant once filled: any thread.
class TextNumbers {
 public:
  static constexpr std::int32_t kNone = -1;

  /// False where the text has a number already.
  bool add(std::string_view text, std::int32_t number) {
    return numbers_.emplace(text, number).second;
  }
  [[nodiscard]] std::int32_t find(std::string_view text) const {
    const auto found = numbers_.find(text);
    return found == numbers_.end() ? kNone : found->second;
  }
  [[nodiscard]] std::size_t size() const { return numbers_.size(); }

 private:
  std::unordered_map<std::string, std::int32_t, TextHash, std::equal_to<>> numbers_;
};

}  // namespace flowrun::nodes
