// The canonical text of a column's values, row after row, fast.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "engine/data/batch.h"
#include "engine/data/text.h"

namespace flowrun::nodes {

/// Writes values of one column that is not text exactly as append_text would, remembering what
/// helps with the next row: the decimals of floats, the last timestamp. Used by one thread; the
/// column must outlive it.
class CellWriter {
 public:
  /// Bytes that must be free at `to`: the longest value, rounded up to what is copied at once.
  static constexpr std::size_t kRoom = 64;

  explicit CellWriter(const Column& column);

  [[nodiscard]] bool is_valid(std::int64_t row) const {
    return validity_ == nullptr || get_bit(validity_, offset_ + row);
  }
  /// Writes the value of a row that is not null; returns the end.
  [[nodiscard]] char* write(char* to, std::int64_t row) {
    if (id_ == TypeId::float64) return write_float(to, at<double>(row), decimals_);
    return write_other(to, row);
  }

 private:
  template <typename T>
  [[nodiscard]] T at(std::int64_t row) const {
    return static_cast<const T*>(values_)[offset_ + row];
  }
  char* write_other(char* to, std::int64_t row);
  char* write_time(char* to, std::int64_t micros);
  char* write_date(char* to, std::int64_t days);

  TypeId id_;
  std::uint8_t scale_;
  const void* values_;
  const std::uint8_t* validity_;
  std::int64_t offset_;
  int decimals_ = 0;
  bool remembers_ = false;  ///< whether `last_` and `text_` hold a value
  std::int64_t last_ = 0;   ///< microseconds or days
  std::int64_t day_ = 0;    ///< timestamps: its day
  std::size_t text_size_ = 0;
  std::array<char, 32> text_{};
};

/// About what the values of a batch come to as text, each with one byte behind it.
[[nodiscard]] std::size_t text_estimate(const Batch& batch);

}  // namespace flowrun::nodes
