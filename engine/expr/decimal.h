// Exact arithmetic on unscaled decimals; every function says whether the result fits 38 digits.
#pragma once

#include <array>
#include <cstdint>

#include "engine/data/type.h"
#include "engine/expr/value.h"

namespace flowrun::expr {

/// 10^n for n in 0 to 38.
[[nodiscard]] constexpr Int128 power_of_ten(int n) {
  Int128 power = 1;
  for (int i = 0; i < n; ++i) power *= 10;
  return power;
}
inline constexpr auto kPowersOfTen = [] {
  std::array<Int128, kMostDigits + 1> powers{};
  for (int i = 0; i <= kMostDigits; ++i) powers[static_cast<std::size_t>(i)] = power_of_ten(i);
  return powers;
}();
[[nodiscard]] inline Int128 ten_to(int n) { return kPowersOfTen[static_cast<std::size_t>(n)]; }

[[nodiscard]] inline bool fits(Int128 value, int precision) {
  return value < ten_to(precision) && value > -ten_to(precision);
}

/// Divides and rounds half away from zero, as PostgreSQL's numeric does.
[[nodiscard]] inline Int128 divide_rounded(Int128 value, Int128 by) {
  const auto quotient = value / by;
  auto rest = value % by;
  if (rest < 0) rest = -rest;
  const auto size = by < 0 ? -by : by;
  if (rest < size - rest) return quotient;
  return (value < 0) == (by < 0) ? quotient + 1 : quotient - 1;
}

/// Brings a value from one scale to another, rounding half away from zero where digits are lost;
/// false where it does not fit `precision` digits then.
[[nodiscard]] inline bool rescale(Int128 value, int from, int to, int precision, Int128& out) {
  if (to < from) {
    out = divide_rounded(value, ten_to(from - to));
  } else if (__builtin_mul_overflow(value, ten_to(to - from), &out)) {
    return false;
  }
  return fits(out, precision);
}

/// Negative, 0 or positive, whatever the scales.
[[nodiscard]] int compare_decimals(Int128 a, int scale_a, Int128 b, int scale_b);

/// a / b at `scale` decimals, rounded half away from zero; false where it does not fit. b is not 0.
[[nodiscard]] bool divide_decimals(Int128 a, int scale_a, Int128 b, int scale_b, int scale,
                                   Int128& out);

/// The decimal that the shortest text of a double spells, rounded to `scale`; false where it does
/// not fit or is no number.
[[nodiscard]] bool decimal_of_double(double value, int scale, int precision, Int128& out);
[[nodiscard]] double double_of_decimal(Int128 value, int scale);

}  // namespace flowrun::expr
