// Numbers as the server sends them: the highest byte first.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace flowrun::postgres {

/// Reads a whole number of 1, 2, 4 or 8 bytes.
template <typename T>
[[nodiscard]] inline T load_big_endian(const char* from) {
  static_assert(std::is_integral_v<T>);
  std::make_unsigned_t<T> value = 0;
  std::memcpy(&value, from, sizeof value);
  if constexpr (std::endian::native == std::endian::little) {
    if constexpr (sizeof value == 2) value = __builtin_bswap16(value);
    if constexpr (sizeof value == 4) value = __builtin_bswap32(value);
    if constexpr (sizeof value == 8) value = __builtin_bswap64(value);
  }
  return static_cast<T>(value);
}

}  // namespace flowrun::postgres
