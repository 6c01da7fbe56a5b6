// Bytes of a binary COPY, written by hand in tests.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace flowrun::test {

/// A whole number, the highest byte first.
template <typename T>
std::string be(T value) {
  std::string bytes(sizeof value, '\0');
  for (std::size_t i = 0; i < sizeof value; ++i) {
    bytes[sizeof value - 1 - i] =
        static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFFU);
  }
  return bytes;
}

/// A row of values; nothing is null.
inline std::string copy_row(const std::vector<std::optional<std::string>>& values) {
  auto row = be<std::int16_t>(static_cast<std::int16_t>(values.size()));
  for (const auto& value : values) {
    row += be<std::int32_t>(value ? static_cast<std::int32_t>(value->size()) : -1);
    row += value.value_or("");
  }
  return row;
}

/// A numeric: digits to the base 10000.
inline std::string numeric(std::int16_t weight, std::uint16_t sign, std::int16_t scale,
                           const std::vector<std::int16_t>& digits) {
  auto bytes = be<std::int16_t>(static_cast<std::int16_t>(digits.size())) + be(weight) + be(sign) +
               be(scale);
  for (const auto digit : digits) bytes += be(digit);
  return bytes;
}

}  // namespace flowrun::test
