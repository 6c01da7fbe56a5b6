#include "engine/data/text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/core/time.h"

namespace flowrun {
namespace {

constexpr std::array<double, 16> kPowers{1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                         1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
constexpr int kMaxFastScale = 9;
constexpr double kMaxFastDigits = 1e15;  // decimals of up to 15 digits and doubles map one to one

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The eight decimal digits of `value` (below 10^8) as numbers in eight bytes, the first in the
/// lowest: two halves, then pairs, then digits, all lanes at once.
std::uint64_t eight_digits(std::uint64_t value) {
  const std::uint64_t halves = value / 10'000 | (value % 10'000) << 32U;
  const std::uint64_t hundreds = ((halves * 10'486) >> 20U) & 0x0000007F0000007FULL;
  const std::uint64_t pairs = ((halves - 100 * hundreds) << 16U) + hundreds;
  const std::uint64_t tens = ((pairs * 103) >> 10U) & 0x000F000F000F000FULL;
  return tens + ((pairs - 10 * tens) << 8U);
}

/// Writes digits (one per byte, the first in the lowest) with the point before the last `scale` of
/// them, without zeros in front or behind. `leading` and `trailing` zeros are counted by the
/// caller. But for the scale, which is the column's, nothing is branched on: it would be another
/// way for every value.
template <typename Digits>
char* write_point(char* to, Digits digits, int leading, int trailing, int scale, int& scale_left) {
  static_assert(std::endian::native == std::endian::little);
  constexpr int kDigits = sizeof(Digits);
  constexpr auto kZeros = static_cast<Digits>(Digits(-1) / 255 * 0x30);
  const Digits text = digits | kZeros;
  const int front = std::min(leading, kDigits - 1 - scale);  // at least one digit before the point
  const Digits whole = text >> static_cast<unsigned>(8 * front);
  std::memcpy(to, &whole, sizeof whole);
  to += kDigits - scale - front;
  scale_left = scale - std::min(trailing, scale);
  if (scale == 0) return to;
  *to = '.';
  const Digits fraction = text >> static_cast<unsigned>(8 * (kDigits - scale));
  std::memcpy(to + 1, &fraction, sizeof fraction);
  return to + scale_left + (scale_left != 0 ? 1 : 0);
}

/// Writes units / 10^scale for units below 10^15.
char* write_scaled(char* to, std::uint64_t units, int scale, int& scale_left) {
  constexpr std::uint64_t kEightDigits = 100'000'000;
  if (units < kEightDigits && scale < 8) {
    const auto digits = eight_digits(units);
    return write_point(to, digits, std::countr_zero(digits) / 8, std::countl_zero(digits) / 8,
                       scale, scale_left);
  }
  const auto high = eight_digits(units / kEightDigits);
  const auto low = eight_digits(units % kEightDigits);
  const int leading = high != 0 ? std::countr_zero(high) / 8 : 8 + std::countr_zero(low) / 8;
  const int trailing = low != 0 ? std::countl_zero(low) / 8 : 8 + std::countl_zero(high) / 8;
  const auto digits = static_cast<UInt128>(high) | static_cast<UInt128>(low) << 64U;
  return write_point(to, digits, leading, trailing, scale, scale_left);
}

/// True when `value`, not negative, is exactly the double nearest to units / 10^scale, with at most
/// 15 digits.
bool scaled_units(double value, int scale, std::uint64_t& units) {
  const double power = kPowers[static_cast<std::size_t>(scale)];
  const double scaled = value * power;
  if (!(scaled < kMaxFastDigits)) return false;
  const auto whole = static_cast<std::int64_t>(scaled + 0.5);
  units = static_cast<std::uint64_t>(whole);
  return static_cast<double>(whole) / power == value;
}

/// The largest scale at which the value has at most 15 digits; if it is no such decimal there, it
/// is none at all.
int widest_scale(double value) {
  int scale = kMaxFastScale;
  while (scale > 0 && !(value * kPowers[static_cast<std::size_t>(scale)] < kMaxFastDigits)) --scale;
  return scale;
}

template <typename T>
std::optional<T> whole_number(std::string_view text) {
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return std::nullopt;
  }
  T value{};
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || at != end) return std::nullopt;
  return value;
}

bool append_time(ColumnBuilder& builder, std::string_view text) {
  const auto parsed = parse_timestamp(text);
  if (!parsed) return false;
  const bool zoned = builder.type().id == TypeId::timestamptz;
  if (!zoned && parsed->offset.value_or(0) != 0) return false;
  builder.append_int64(zoned ? parsed->utc() : parsed->wall);
  return true;
}

template <typename T, typename Append>
bool append_if(const std::optional<T>& value, Append append) {
  if (value) append(*value);
  return value.has_value();
}

}  // namespace

char* write_float(char* to, double value, int& scale_hint) {
  const double size = std::fabs(value);
  int scale = scale_hint;
  std::uint64_t units = 0;
  if (value == 0 || !scaled_units(size, scale, units)) {
    scale = widest_scale(size);
    if (!scaled_units(size, scale, units) || (value == 0 && std::signbit(value))) {
      // A NaN has a sign, too, which means nothing.
      const double shown = std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value;
      return std::to_chars(to, to + kMaxFloatText, shown).ptr;
    }
  }
  *to = '-';
  int scale_left = 0;
  to = write_scaled(to + (value < 0 ? 1 : 0), units, scale, scale_left);
  if (scale_left > scale_hint) scale_hint = scale_left;
  return to;
}

void append_float(std::string& out, double value, int& scale_hint) {
  std::array<char, kMaxFloatText> digits;
  const char* end = write_float(digits.data(), value, scale_hint);
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void append_hex(std::string& out, std::string_view bytes, bool upper) {
  const std::string_view digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
}

std::optional<std::string> parse_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned byte = 0;
    const auto* end = text.data() + i + 2;
    const auto [at, error] = std::from_chars(text.data() + i, end, byte, 16);
    if (error != std::errc() || at != end) return std::nullopt;
    out += static_cast<char>(byte);
  }
  return out;
}

void append_text(std::string& out, const Column& column, std::int64_t row) {
  const auto i = static_cast<std::size_t>(row);
  switch (column.type().id) {
    case TypeId::boolean:
      out += column.boolean(row) ? "true" : "false";
      return;
    case TypeId::int64: {
      std::array<char, 24> digits{};
      const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(),
                                              column.values<std::int64_t>()[i]);
      out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
      return;
    }
    case TypeId::float64: {
      int scale = 0;
      return append_float(out, column.values<double>()[i], scale);
    }
    case TypeId::decimal:
      out += format_decimal(column.values<Int128>()[i], column.type().scale);
      return;
    case TypeId::date:
      out += format_date(column.values<std::int32_t>()[i]);
      return;
    case TypeId::timestamp:
      out += format_timestamp(column.values<std::int64_t>()[i]);
      return;
    case TypeId::timestamptz:
      out += format_timestamptz(column.values<std::int64_t>()[i]);
      return;
    case TypeId::string:
      out += column.text(row);
      return;
    case TypeId::bytes:
      return append_hex(out, column.text(row));
  }
}

std::string text_of(const Column& column, std::int64_t row) {
  std::string out;
  if (column.is_valid(row)) append_text(out, column, row);
  return out;
}

bool parse_append(ColumnBuilder& builder, std::string_view text) {
  switch (builder.type().id) {
    case TypeId::boolean:
      return append_if(parse_bool(text), [&](bool v) { builder.append_bool(v); });
    case TypeId::int64:
      return append_if(parse_int64(text), [&](std::int64_t v) { builder.append_int64(v); });
    case TypeId::float64:
      return append_if(parse_float64(text), [&](double v) { builder.append_float64(v); });
    case TypeId::decimal:
      return append_if(parse_decimal(text, builder.type()),
                       [&](Int128 v) { builder.append_decimal(v); });
    case TypeId::date:
      return append_if(parse_date(text), [&](std::int32_t v) { builder.append_date(v); });
    case TypeId::timestamp:
    case TypeId::timestamptz:
      return append_time(builder, text);
    case TypeId::string:
      builder.append_text(text);
      return true;
    case TypeId::bytes:
      return append_if(parse_hex(text), [&](const std::string& v) { builder.append_text(v); });
  }
  return false;
}

std::optional<bool> parse_bool(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (lower == "true" || lower == "t" || lower == "1") return true;
  if (lower == "false" || lower == "f" || lower == "0") return false;
  return std::nullopt;
}

std::optional<std::int64_t> parse_int64(std::string_view text) {
  return whole_number<std::int64_t>(text);
}

std::optional<double> parse_float64(std::string_view text) { return whole_number<double>(text); }

std::optional<Int128> parse_decimal(std::string_view text, Type type) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  Int128 value = 0;
  int digits = 0;    // significant ones
  int decimals = 0;  // kept ones
  bool any = false;
  bool dot = false;
  for (const char c : text) {
    if (c == '.' && !dot) {
      dot = true;
    } else if (!is_digit(c)) {
      return std::nullopt;
    } else if (dot && decimals == type.scale) {
      if (c != '0') return std::nullopt;
      any = true;
    } else {
      any = true;
      value = value * 10 + (c - '0');
      decimals += dot ? 1 : 0;
      digits += digits > 0 || c != '0' ? 1 : 0;
      if (digits > type.precision) return std::nullopt;
    }
  }
  if (!any) return std::nullopt;
  for (; decimals < type.scale; ++decimals) {
    digits += digits > 0 ? 1 : 0;
    if (digits > type.precision) return std::nullopt;
    value *= 10;
  }
  return negative ? -value : value;
}

std::string format_decimal(Int128 unscaled, int scale) {
  const bool negative = unscaled < 0;
  auto rest =
      negative ? UInt128{0} - static_cast<UInt128>(unscaled) : static_cast<UInt128>(unscaled);
  std::string out;
  for (int written = 0; rest != 0 || written <= scale; ++written) {
    if (written == scale && scale > 0) out += '.';
    out += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  if (negative) out += '-';
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace flowrun
