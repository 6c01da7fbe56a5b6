// Rows of a binary COPY, from the thread that receives them to those that decode.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/data/buffer.h"

namespace flowrun::postgres {

/// A row with more bytes than this is a reject.
inline constexpr std::size_t kMostRowBytes = 16U << 20U;

/// Some rows as they came. One thread fills it; then it is constant.
class CopyRows {
 public:
  /// `bytes`: about how many there will be.
  explicit CopyRows(std::size_t bytes);

  /// Takes one row; of one longer than kMostRowBytes nothing is kept but its place.
  void add(std::string_view row);

  [[nodiscard]] std::size_t rows() const { return starts_.size() - 1; }
  [[nodiscard]] std::size_t bytes() const { return starts_.back(); }
  /// The rows that were too long, ascending.
  [[nodiscard]] const std::vector<std::uint32_t>& too_long() const { return too_long_; }
  [[nodiscard]] bool is_too_long(std::size_t row) const {
    return std::binary_search(too_long_.begin(), too_long_.end(), row);
  }
  /// All rows, one behind the other; at least kSlack bytes can be read before and behind them.
  [[nodiscard]] const char* text() const { return buffer_->as<char>() + kSlack; }
  [[nodiscard]] std::uint32_t begin(std::size_t row) const { return starts_[row]; }
  [[nodiscard]] std::uint32_t end(std::size_t row) const { return starts_[row + 1]; }

  static constexpr std::size_t kSlack = 64;

 private:
  std::shared_ptr<Buffer> buffer_;
  std::vector<std::uint32_t> starts_{0};
  std::vector<std::uint32_t> too_long_;
};

/// Takes the head of a binary COPY off its first message. Throws Error(data) where it is none.
[[nodiscard]] std::string_view without_copy_head(std::string_view message);

/// True for the two bytes that end a binary COPY.
[[nodiscard]] bool is_copy_end(std::string_view message);

}  // namespace flowrun::postgres
