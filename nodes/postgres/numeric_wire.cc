#include "nodes/postgres/numeric_wire.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

namespace flowrun::postgres {
namespace {

constexpr std::uint16_t kNegative = 0x4000;
constexpr std::uint16_t kNan = 0xC000;
constexpr std::uint16_t kInfinity = 0xD000;
constexpr std::uint16_t kMinusInfinity = 0xF000;
constexpr unsigned kBase = 10'000;

void append_int16(std::string& out, std::uint16_t value) {
  out += static_cast<char>(value >> 8U);
  out += static_cast<char>(value & 0xFFU);
}

/// `digits` of base 10,000, most significant first, of which the first stands for 10,000^weight.
void append_digits(std::string& out, std::span<const std::uint16_t> digits, int weight,
                   std::uint16_t sign, int decimals) {
  while (!digits.empty() && digits.front() == 0) digits = digits.subspan(1), --weight;
  while (!digits.empty() && digits.back() == 0) digits = digits.first(digits.size() - 1);
  if (digits.empty()) {
    weight = 0;
    if (sign == kNegative) sign = 0;
  }
  append_int16(out, static_cast<std::uint16_t>(digits.size()));
  append_int16(out, static_cast<std::uint16_t>(weight));
  append_int16(out, sign);
  append_int16(out, static_cast<std::uint16_t>(decimals));
  for (const auto digit : digits) append_int16(out, digit);
}

constexpr std::array<unsigned, 4> kTens{1, 10, 100, 1000};

/// Takes digits off the end of a number, so that a digit boundary falls on the decimal point.
/// 128-bit division is slow; most values need only 64 bits.
template <typename Unsigned>
void append_scaled(std::string& out, Unsigned rest, int scale, std::uint16_t sign) {
  std::array<std::uint16_t, 24> digits{};
  auto* first = digits.data() + digits.size();
  const auto part = static_cast<std::size_t>(scale % 4);
  if (part != 0) {
    *--first = static_cast<std::uint16_t>(static_cast<unsigned>(rest % kTens[part]) *
                                          (kBase / kTens[part]));
    rest /= kTens[part];
  }
  for (int i = 0; i < scale / 4; ++i, rest /= kBase) {
    *--first = static_cast<std::uint16_t>(rest % kBase);
  }
  int weight = -1;
  for (; rest != 0; rest /= kBase, ++weight) *--first = static_cast<std::uint16_t>(rest % kBase);
  append_digits(out, {first, digits.data() + digits.size()}, weight, sign, scale);
}

void append_special(std::string& out, std::uint16_t sign) { append_digits(out, {}, 0, sign, 0); }

}  // namespace

void append_numeric(std::string& out, Int128 unscaled, int scale) {
  const std::uint16_t sign = unscaled < 0 ? kNegative : 0;
  const auto rest =
      unscaled < 0 ? UInt128{0} - static_cast<UInt128>(unscaled) : static_cast<UInt128>(unscaled);
  if (rest <= std::numeric_limits<std::uint64_t>::max()) {
    append_scaled(out, static_cast<std::uint64_t>(rest), scale, sign);
  } else {
    append_scaled(out, rest, scale, sign);
  }
}

void append_numeric(std::string& out, double value) {
  if (std::isnan(value)) return append_special(out, kNan);
  if (std::isinf(value)) return append_special(out, value > 0 ? kInfinity : kMinusInfinity);
  std::array<char, 400> text{};  // 1.8e308 has 309 digits, 5e-324 has 326 characters
  const auto end = std::to_chars(text.data(), text.data() + text.size(), std::fabs(value),
                                 std::chars_format::fixed)
                       .ptr;
  const auto* point = std::find(text.data(), end, '.');
  const auto before = point - text.data();
  const auto decimals = point == end ? 0 : end - point - 1;
  // Digits on a grid of four whose lines fall on the decimal point.
  std::array<std::uint16_t, 104> digits{};
  const auto left = (before + 3) / 4;
  const auto put = [&](std::ptrdiff_t place, char digit) {  // place 0: the digit before the point
    const auto group = place >= 0 ? left - 1 - place / 4 : left + (-place - 1) / 4;
    const auto power = place >= 0 ? place % 4 : 3 - (-place - 1) % 4;
    auto& into = digits[static_cast<std::size_t>(group)];
    into = static_cast<std::uint16_t>(into + static_cast<unsigned>(digit - '0') *
                                                 kTens[static_cast<std::size_t>(power)]);
  };
  for (std::ptrdiff_t i = 0; i < before; ++i)
    put(before - 1 - i, text[static_cast<std::size_t>(i)]);
  for (std::ptrdiff_t i = 0; i < decimals; ++i) put(-1 - i, point[1 + i]);
  const auto used = static_cast<std::size_t>(left + (decimals + 3) / 4);
  append_digits(out, {digits.data(), used}, static_cast<int>(left) - 1,
                std::signbit(value) ? kNegative : 0, static_cast<int>(decimals));
}

bool fits_numeric(Int128 unscaled, int from_scale, int precision, int scale) {
  auto rest =
      unscaled < 0 ? UInt128{0} - static_cast<UInt128>(unscaled) : static_cast<UInt128>(unscaled);
  int decimals = from_scale;
  for (; rest != 0 && decimals > scale; --decimals, rest /= 10) {
    if (rest % 10 != 0) return false;
  }
  int digits = 0;
  for (; rest != 0; rest /= 10) ++digits;
  return digits == 0 || digits + (scale - decimals) <= precision;
}

}  // namespace flowrun::postgres
