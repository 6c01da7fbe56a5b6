// Eight characters in one register: loads, digit checks and digit sums in plain C++.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace flowrun::nodes {

inline constexpr std::uint64_t kByteOnes = 0x0101010101010101ULL;
inline constexpr std::uint64_t kZeroDigits = 0x3030303030303030ULL;

/// Eight characters; the first one is the lowest byte, whatever the machine's order.
[[nodiscard]] inline std::uint64_t load_word(const char* text) {
  std::uint64_t word = 0;
  std::memcpy(&word, text, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

/// The lowest `count` bytes set; `count` is 0 to 7.
[[nodiscard]] constexpr std::uint64_t low_bytes(std::size_t count) {
  return (std::uint64_t{1} << (count * 8)) - 1;
}

/// A set top bit for each byte that is 0; exact, there is no carry from byte to byte.
[[nodiscard]] constexpr std::uint64_t zero_bytes(std::uint64_t word) {
  constexpr std::uint64_t kRest = kByteOnes * 0x7F;
  return ~(((word & kRest) + kRest) | word | kRest);
}

/// Not 0 where some byte of `word` (characters XOR '0') is no digit; up to the first such byte the
/// set bits tell which.
[[nodiscard]] constexpr std::uint64_t non_digits(std::uint64_t word) {
  return ((word + kByteOnes * 6) | word) & (kByteOnes * 0xF0);
}

/// The number that eight digits (as values, the first one lowest) make.
[[nodiscard]] constexpr std::uint64_t eight_digits(std::uint64_t digits) {
  constexpr std::uint64_t kPairs = 0x000000FF000000FFULL;
  constexpr std::uint64_t kMillionsAndHundreds = 0x000F424000000064ULL;  // 1,000,000 and 100
  constexpr std::uint64_t kTenThousandsAndOnes = 0x0000271000000001ULL;  // 10,000 and 1
  digits = digits * 10 + (digits >> 8U);
  return ((digits & kPairs) * kMillionsAndHundreds +
          ((digits >> 16U) & kPairs) * kTenThousandsAndOnes) >>
         32U;
}

}  // namespace flowrun::nodes
