#include "engine/expr/decimal.h"

#include <charconv>
#include <cmath>
#include <string>

#include "engine/data/text.h"

namespace flowrun::expr {

int compare_decimals(Int128 a, int scale_a, Int128 b, int scale_b) {
  if (scale_a == scale_b) return a < b ? -1 : (a > b ? 1 : 0);
  const auto whole_a = a / ten_to(scale_a);
  const auto whole_b = b / ten_to(scale_b);
  if (whole_a != whole_b) return whole_a < whole_b ? -1 : 1;
  // Fractions have fewer digits than their scale: brought to the larger one they fit.
  const int scale = scale_a > scale_b ? scale_a : scale_b;
  const auto part_a = a % ten_to(scale_a) * ten_to(scale - scale_a);
  const auto part_b = b % ten_to(scale_b) * ten_to(scale - scale_b);
  return part_a < part_b ? -1 : (part_a > part_b ? 1 : 0);
}

bool divide_decimals(Int128 a, int scale_a, Int128 b, int scale_b, int scale, Int128& out) {
  const bool negative = (a < 0) != (b < 0);
  auto rest = static_cast<UInt128>(a < 0 ? -a : a);
  const auto by = static_cast<UInt128>(b < 0 ? -b : b);
  // Schoolbook: a whole quotient, then a digit per decimal that is still to come.
  UInt128 quotient = rest / by;
  rest %= by;
  const int digits = scale + scale_b - scale_a;
  if (digits < 0) return false;  // callers choose scales so that this does not happen
  constexpr auto kLimit = ~UInt128{0} / 10;
  for (int i = 0; i < digits; ++i) {
    if (rest > kLimit || quotient >= kLimit) return false;
    rest *= 10;
    quotient = quotient * 10 + rest / by;
    rest %= by;
  }
  if (rest >= by - rest) ++quotient;
  if (quotient >= static_cast<UInt128>(ten_to(kMostDigits))) return false;
  out = negative ? -static_cast<Int128>(quotient) : static_cast<Int128>(quotient);
  return true;
}

double double_of_decimal(Int128 value, int scale) {
  // By way of the text: the double nearest to what the digits say.
  const auto text = format_decimal(value, scale);
  double out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

bool decimal_of_double(double value, int scale, int precision, Int128& out) {
  if (!std::isfinite(value)) return false;
  std::array<char, 64> digits{};
  // PostgreSQL takes the 15 digits that a double is sure of.
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                 std::chars_format::scientific, 14)
                       .ptr;
  const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  const auto e = text.find('e');
  int exponent = 0;
  const auto* from = text.data() + e + 1 + (text[e + 1] == '+' ? 1 : 0);
  std::from_chars(from, end, exponent);
  Int128 unscaled = 0;
  for (const char c : text.substr(0, e)) {
    if (c >= '0' && c <= '9') unscaled = unscaled * 10 + (c - '0');
  }
  if (text.front() == '-') unscaled = -unscaled;
  const int have = 14 - exponent;  // decimals of `unscaled`
  if (have > kMostDigits + 14) {
    out = 0;
    return true;
  }
  if (have < 0) {
    if (-have > kMostDigits || __builtin_mul_overflow(unscaled, ten_to(-have), &unscaled)) {
      return false;
    }
    return rescale(unscaled, 0, scale, precision, out);
  }
  if (have > kMostDigits) {
    unscaled = divide_rounded(unscaled, ten_to(have - kMostDigits));
    return rescale(unscaled, kMostDigits, scale, precision, out);
  }
  return rescale(unscaled, have, scale, precision, out);
}

}  // namespace flowrun::expr
