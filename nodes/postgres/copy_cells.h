// Where the values of rows of a binary COPY are. For the decoder only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "nodes/postgres/big_endian.h"
#include "nodes/postgres/copy_rows.h"

namespace flowrun::postgres {

/// The places of all values; every one lies within its row.
class CopyCells {
 public:
  /// Throws Error(data) for a row that has not `columns` values, or whose lengths do not fit it.
  CopyCells(const CopyRows& rows, std::size_t columns);

  [[nodiscard]] std::size_t rows() const { return rows_; }
  /// A value; nothing for null. At least 8 bytes behind its start, and 64 behind its end, can be
  /// read.
  [[nodiscard]] std::optional<std::string_view> at(std::size_t row, std::size_t column) const {
    const auto place = places_[row * columns_ + column];
    if (place == kNull) return std::nullopt;
    const auto* word = text_ + place;
    return std::string_view(word + sizeof(std::int32_t), load_big_endian<std::uint32_t>(word));
  }
  /// The start of a value of `width` bytes; null for null. Throws Error(data) for another width.
  [[nodiscard]] const char* fixed(std::size_t row, std::size_t column, std::size_t width) const {
    const auto place = places_[row * columns_ + column];
    if (place == kNull) return nullptr;
    const auto* word = text_ + place;
    if (load_big_endian<std::uint32_t>(word) != width) fail_width(word, width);
    return word + sizeof(std::int32_t);
  }

 private:
  static constexpr std::uint32_t kNull = UINT32_MAX;
  void index_row(std::size_t row, std::uint32_t at, std::uint32_t end);
  [[noreturn]] static void fail_width(const char* word, std::size_t width);

  const char* text_;
  std::size_t rows_;
  std::size_t columns_;
  std::vector<std::uint32_t> places_;  ///< of the values' length words, row by row
};

}  // namespace flowrun::postgres
