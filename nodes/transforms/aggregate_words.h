// Values of fixed width as whole numbers that compare as the values do.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "engine/data/builder.h"
#include "nodes/kernels/scratch.h"

namespace flowrun::nodes {

/// Of floats: -0.0 comes before 0.0, and nan, of which there is one, behind all others.
[[nodiscard]] inline std::int64_t word_of_float(double value) {
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  const auto bits = std::bit_cast<std::int64_t>(value);
  return bits ^ static_cast<std::int64_t>(static_cast<std::uint64_t>(bits >> 63) >> 1U);
}
[[nodiscard]] inline double float_of_word(std::int64_t word) {
  return std::bit_cast<double>(
      word ^ static_cast<std::int64_t>(static_cast<std::uint64_t>(word >> 63) >> 1U));
}

/// The values of a column of any type but decimals and texts; what stands for a null is arbitrary.
[[nodiscard]] inline Scratch<std::int64_t> words_of(const Column& column) {
  const auto rows = static_cast<std::size_t>(column.length());
  Scratch<std::int64_t> words(rows);
  switch (column.type().id) {
    case TypeId::float64: {
      const auto values = column.values<double>();
      for (std::size_t row = 0; row < rows; ++row) words[row] = word_of_float(values[row]);
      break;
    }
    case TypeId::date: {
      const auto values = column.values<std::int32_t>();
      for (std::size_t row = 0; row < rows; ++row) words[row] = values[row];
      break;
    }
    case TypeId::boolean:
      for (std::size_t row = 0; row < rows; ++row) {
        words[row] = column.boolean(static_cast<std::int64_t>(row)) ? 1 : 0;
      }
      break;
    default: {
      const auto values = column.values<std::int64_t>();
      for (std::size_t row = 0; row < rows; ++row) words[row] = values[row];
    }
  }
  return words;
}

inline void append_word(std::int64_t word, ColumnBuilder& out) {
  switch (out.type().id) {
    case TypeId::float64:
      return out.append_float64(float_of_word(word));
    case TypeId::date:
      return out.append_date(static_cast<std::int32_t>(word));
    case TypeId::boolean:
      return out.append_bool(word != 0);
    default:
      return out.append_int64(word);
  }
}

}  // namespace flowrun::nodes
