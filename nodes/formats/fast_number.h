// Plain numbers of up to 16 characters, parsed without a loop; everything else is for the general
// parsers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/data/type.h"
#include "nodes/formats/csv_scan.h"
#include "nodes/formats/swar.h"

namespace flowrun::nodes {

/// A field without the quotes around it; quotes inside are still doubled.
struct BareField {
  const char* text = nullptr;
  std::size_t length = 0;
};

[[nodiscard]] inline BareField bare_field(const FieldColumn& fields, std::size_t row) {
  const auto begin = fields.begin(row);
  const auto end = fields.end(row);
  const char* text = fields.text + begin;
  const std::size_t length = end - begin;
  if (fields.quote && length >= 2 && *text == *fields.quote && text[length - 1] == *fields.quote) {
    return {text + 1, length - 2};
  }
  return {text, length};
}

/// Digits with at most one dot among them: mantissa / 10^decimals.
struct PlainNumber {
  std::uint64_t mantissa = 0;
  unsigned decimals = 0;
};

inline constexpr std::size_t kPlainLength = 16;
inline constexpr std::uint64_t kMaxExact = std::uint64_t{1}
                                           << 53U;  // doubles hold every integer up to here
inline constexpr std::array<double, 17> kPowersOfTen{
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16};

/// Parses `length` characters; false where they are anything but digits with at most one dot, or
/// too many. The 16 bytes before `text + length` must be readable.
[[nodiscard]] inline bool parse_plain(const char* text, std::size_t length, PlainNumber& number) {
  if (length - 1 >= kPlainLength) return false;
  const char* end = text + length;
  std::uint64_t front = load_word(end - 16) ^ kZeroDigits;
  std::uint64_t back = load_word(end - 8) ^ kZeroDigits;
  const std::size_t dead = kPlainLength - length;
  if (dead >= 8) {
    front = 0;
    back &= ~low_bytes(dead - 8);
  } else {
    front &= ~low_bytes(dead);
  }
  constexpr std::uint64_t kDot = '.' ^ '0';
  number.decimals = 0;
  if (const auto strange = non_digits(back); strange != 0) {
    const auto at = static_cast<unsigned>(std::countr_zero(strange)) / 8;
    if (((back >> (at * 8)) & 0xFFU) != kDot) return false;
    const std::uint64_t before = back & low_bytes(at);
    const std::uint64_t after = back & ~(low_bytes(at) | (std::uint64_t{0xFF} << (at * 8)));
    back = after | (before << 8U) | (front >> 56U);
    front <<= 8U;
    number.decimals = 7 - at;
  } else if (const auto early = non_digits(front); early != 0) {
    const auto at = static_cast<unsigned>(std::countr_zero(early)) / 8;
    if (((front >> (at * 8)) & 0xFFU) != kDot) return false;
    const std::uint64_t before = front & low_bytes(at);
    front = (front & ~(low_bytes(at) | (std::uint64_t{0xFF} << (at * 8)))) | (before << 8U);
    number.decimals = 15 - at;
  }
  if ((non_digits(back) | non_digits(front)) != 0) return false;
  if (length == 1 && text[0] == '.') return false;
  number.mantissa = eight_digits(front) * 100'000'000 + eight_digits(back);
  return true;
}

/// Takes a minus off the front; false where there is none.
inline bool take_minus(const char*& text, std::size_t& length) {
  const bool negative = length > 0 && *text == '-';
  text += negative ? 1 : 0;
  length -= negative ? 1 : 0;
  return negative;
}

/// True with `value` set where the text is a decimal that one exact division gives: the double
/// nearest to it.
[[nodiscard]] inline bool fast_float64(const char* text, std::size_t length, double& value) {
  const bool negative = take_minus(text, length);
  PlainNumber number;
  if (!parse_plain(text, length, number) || number.mantissa > kMaxExact) return false;
  const double magnitude = static_cast<double>(number.mantissa) / kPowersOfTen[number.decimals];
  value = negative ? -magnitude : magnitude;
  return true;
}

[[nodiscard]] inline bool fast_int64(const char* text, std::size_t length, std::int64_t& value) {
  const bool negative = take_minus(text, length);
  PlainNumber number;
  if (!parse_plain(text, length, number)) return false;
  // A dot makes the number of digits differ from the length, "5." included.
  if (number.decimals != 0 || text[length - 1] == '.') return false;
  const auto magnitude = static_cast<std::int64_t>(number.mantissa);
  value = negative ? -magnitude : magnitude;
  return true;
}

/// The unscaled value of a decimal with `type`'s scale; false also where it has too many digits.
[[nodiscard]] inline bool fast_decimal(const char* text, std::size_t length, Type type,
                                       Int128& value) {
  constexpr std::array<std::uint64_t, 19> kPowers{1ULL,
                                                  10ULL,
                                                  100ULL,
                                                  1000ULL,
                                                  10000ULL,
                                                  100000ULL,
                                                  1000000ULL,
                                                  10000000ULL,
                                                  100000000ULL,
                                                  1000000000ULL,
                                                  10000000000ULL,
                                                  100000000000ULL,
                                                  1000000000000ULL,
                                                  10000000000000ULL,
                                                  100000000000000ULL,
                                                  1000000000000000ULL,
                                                  10000000000000000ULL,
                                                  100000000000000000ULL,
                                                  1000000000000000000ULL};
  const bool negative = take_minus(text, length);
  PlainNumber number;
  if (!parse_plain(text, length, number)) return false;
  if (type.scale < number.decimals || type.scale - number.decimals >= kPowers.size()) return false;
  const auto magnitude = static_cast<Int128>(number.mantissa) *
                         static_cast<Int128>(kPowers[type.scale - number.decimals]);
  if (type.precision < kPowers.size() &&
      magnitude >= static_cast<Int128>(kPowers[type.precision])) {
    return false;
  }
  // Up to 16 digits times up to 10^18 stays below 10^34; larger precisions hold that, the ones
  // between are checked by the general parser.
  if (type.precision >= kPowers.size() && type.precision < 34) {
    if (magnitude >= static_cast<Int128>(kPowers.back())) return false;
  }
  value = negative ? -magnitude : magnitude;
  return true;
}

}  // namespace flowrun::nodes
