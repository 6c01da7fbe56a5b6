#include "engine/expr/conversion.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/data/text.h"
#include "engine/expr/decimal.h"
#include "engine/expr/interval.h"

namespace flowrun::expr {
namespace {

constexpr Problem kOverflow = "out of range";

int rank(Family family) {
  switch (family) {
    case Family::int64:
    case Family::date:
      return 0;
    case Family::decimal:
    case Family::timestamp:
      return 1;
    case Family::float64:
    case Family::timestamptz:
      return 2;
    default:
      return -1;
  }
}

bool is_numeric(Family family) {
  return family == Family::int64 || family == Family::decimal || family == Family::float64;
}
bool is_temporal(Family family) {
  return family == Family::date || family == Family::timestamp || family == Family::timestamptz;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\n\r\f\v";
  const auto from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

/// Reads a number of any form ("1e3", ".5", "12") at a scale, rounding.
Problem read_decimal(std::string_view text, ValueType to, Int128& out) {
  text = trimmed(text);
  Int128 unscaled = 0;
  int digits = 0;
  int scale = 0;
  bool point = false;
  std::size_t i = 0;
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) ++i;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      ++digits;
      if (point && scale >= kMostDigits) continue;  // further digits change nothing that is kept
      if (__builtin_mul_overflow(unscaled, Int128{10}, &unscaled) ||
          __builtin_add_overflow(unscaled, Int128{c - '0'}, &unscaled)) {
        return kOverflow;
      }
      if (point) ++scale;
    } else {
      break;
    }
  }
  if (digits == 0) return "not a number";
  int exponent = 0;
  if (i < text.size()) {
    if ((text[i] != 'e' && text[i] != 'E') || i + 1 == text.size()) return "not a number";
    const auto power = parse_int64(text.substr(i + 1));
    if (!power) return "not a number";
    exponent = static_cast<int>(std::clamp<std::int64_t>(*power, -1000, 1000));
  }
  if (negative) unscaled = -unscaled;
  scale -= exponent;
  if (unscaled == 0 || scale > 2 * kMostDigits) {
    out = 0;
    return nullptr;
  }
  if (scale > kMostDigits) {
    unscaled = divide_rounded(unscaled, ten_to(scale - kMostDigits));
    scale = kMostDigits;
  }
  if (scale < 0) {
    if (-scale > kMostDigits || __builtin_mul_overflow(unscaled, ten_to(-scale), &unscaled)) {
      return kOverflow;
    }
    scale = 0;
  }
  return rescale(unscaled, scale, to.scale, to.precision, out) ? nullptr : kOverflow;
}

Problem whole_of_double(double value, std::int64_t& out) {
  const double rounded = std::nearbyint(value);
  constexpr double kEdge = 9223372036854775808.0;
  if (!(rounded >= -kEdge && rounded < kEdge)) return kOverflow;
  out = static_cast<std::int64_t>(rounded);
  return nullptr;
}

struct Casting {
  const Vector& from;
  ValueType to;
  const Rows& rows;
  Mask mask;

  template <typename Out, typename In, typename Fn>
  Vector each(Fn fn) const {
    return map1<Out, In>(to, rows, mask, {&from, 1}, fn);
  }

  /// Any value from its text.
  [[nodiscard]] Vector from_text() const {
    using Text = std::string_view;
    switch (to.family) {
      case Family::boolean:
        return each<bool, Text>([](Text a, bool& r) -> Problem {
          const auto text = trimmed(a);
          auto value = parse_bool(text);
          if (!value && (text == "yes" || text == "on" || text == "y")) value = true;
          if (!value && (text == "no" || text == "off" || text == "n")) value = false;
          if (!value) return "not a boolean";
          r = *value;
          return nullptr;
        });
      case Family::int64:
        return each<std::int64_t, Text>([](Text a, std::int64_t& r) -> Problem {
          const auto value = parse_int64(trimmed(a));
          if (!value) return "not a whole number of 64 bits";
          r = *value;
          return nullptr;
        });
      case Family::float64:
        return each<double, Text>([](Text a, double& r) -> Problem {
          const auto value = parse_float64(trimmed(a));
          if (!value) return "not a number";
          r = *value;
          return nullptr;
        });
      case Family::decimal: {
        const auto type = to;
        return each<Int128, Text>(
            [type](Text a, Int128& r) -> Problem { return read_decimal(a, type, r); });
      }
      case Family::date:
        return each<std::int32_t, Text>([](Text a, std::int32_t& r) -> Problem {
          const auto value = parse_timestamp(trimmed(a));
          const auto day = parse_date(trimmed(a));
          if (!value && !day) return "not a date";
          r = day ? *day : static_cast<std::int32_t>(day_of(value->wall));
          return nullptr;
        });
      case Family::timestamp:
      case Family::timestamptz: {
        const bool zoned = to.family == Family::timestamptz;
        return each<std::int64_t, Text>([zoned](Text a, std::int64_t& r) -> Problem {
          const auto value = parse_timestamp(trimmed(a));
          if (!value) return "not a timestamp";
          r = zoned ? value->utc() : value->wall;
          return nullptr;
        });
      }
      case Family::interval:
        return each<Interval128, Text>([](Text a, Interval128& r) -> Problem {
          const auto value = parse_interval(a);
          if (!value) return "not an interval";
          r = *value;
          return nullptr;
        });
      case Family::bytes:
        return each<std::string, Text>([](Text a, std::string& r) -> Problem {
          if (a.starts_with("\\x")) return read_hex(a.substr(2), r);
          r = a;
          return nullptr;
        });
      default:
        return {to, from.column, from.constant};
    }
  }

  /// The text of any value, as our own files write it.
  [[nodiscard]] Vector to_text() const {
    const auto count = from.constant ? 1 : rows.count;
    Writer<std::string> writer(to, count);
    for (std::int64_t row = 0; row < count; ++row) {
      if (!from.column->is_valid(row)) {
        writer.set_null(row);
      } else {
        writer.set(row, shown_value(from, row));
      }
    }
    return writer.finish(from.constant);
  }

  [[nodiscard]] Vector to_whole() const {
    if (from.type.family == Family::boolean) {
      return each<std::int64_t, bool>([](bool a, std::int64_t& r) -> Problem {
        r = a ? 1 : 0;
        return nullptr;
      });
    }
    if (from.type.family == Family::float64) return each<std::int64_t, double>(whole_of_double);
    const int scale = from.type.scale;
    return each<std::int64_t, Int128>([scale](Int128 a, std::int64_t& r) -> Problem {
      const auto whole = divide_rounded(a, ten_to(scale));
      if (whole > std::numeric_limits<std::int64_t>::max() ||
          whole < std::numeric_limits<std::int64_t>::min()) {
        return kOverflow;
      }
      r = static_cast<std::int64_t>(whole);
      return nullptr;
    });
  }

  [[nodiscard]] Vector to_double() const {
    if (from.type.family == Family::int64) {
      return each<double, std::int64_t>([](std::int64_t a, double& r) -> Problem {
        r = static_cast<double>(a);
        return nullptr;
      });
    }
    const int scale = from.type.scale;
    return each<double, Int128>([scale](Int128 a, double& r) -> Problem {
      r = double_of_decimal(a, scale);
      return nullptr;
    });
  }

  [[nodiscard]] Vector to_decimal() const {
    const auto type = to;
    if (from.type.family == Family::float64) {
      return each<Int128, double>([type](double a, Int128& r) -> Problem {
        return decimal_of_double(a, type.scale, type.precision, r) ? nullptr : kOverflow;
      });
    }
    if (from.type.family == Family::int64) {
      return each<Int128, std::int64_t>([type](std::int64_t a, Int128& r) -> Problem {
        return rescale(a, 0, type.scale, type.precision, r) ? nullptr : kOverflow;
      });
    }
    const int scale = from.type.scale;
    return each<Int128, Int128>([type, scale](Int128 a, Int128& r) -> Problem {
      return rescale(a, scale, type.scale, type.precision, r) ? nullptr : kOverflow;
    });
  }

  [[nodiscard]] Vector to_time() const {
    if (from.type.family == Family::date) {
      return each<std::int64_t, std::int32_t>([](std::int32_t a, std::int64_t& r) -> Problem {
        return __builtin_mul_overflow(std::int64_t{a}, kDay, &r) ? kOverflow : nullptr;
      });
    }
    return {to, with_type(from.column, *column_type(to)), from.constant};
  }

  static ColumnRef with_type(const ColumnRef& column, Type type) {
    auto parts = column->parts();
    parts.type = type;
    return std::make_shared<const Column>(std::move(parts));
  }
};

}  // namespace

Problem read_hex(std::string_view text, std::string& out) {
  if (text.size() % 2 != 0) return "an odd number of hex digits";
  auto bytes = parse_hex(text);
  if (!bytes) return "not a hex digit";
  out = std::move(*bytes);
  return nullptr;
}

bool converts(Family from, Family to) {
  if (from == to || from == Family::unknown) return true;
  const bool related =
      (is_numeric(from) && is_numeric(to)) || (is_temporal(from) && is_temporal(to));
  return related && rank(from) < rank(to);
}

bool casts(Family from, Family to) {
  if (converts(from, to) || to == Family::string || from == Family::string) return true;
  if (is_numeric(from) && is_numeric(to)) return true;
  if (is_temporal(from) && is_temporal(to)) return true;
  return (from == Family::boolean && to == Family::int64) ||
         (from == Family::int64 && to == Family::boolean);
}

ValueType cast_type(ValueType from, ValueType to, bool has_modifiers) {
  if (to.family != Family::decimal || has_modifiers) return to;
  if (from.family == Family::decimal) return from;
  if (from.family == Family::int64) return decimal_value(19, 0);
  return to;
}

Vector convert(const Vector& from, ValueType to, const Rows& rows, Mask mask) {
  if (from.type == to) return from;
  if (from.type.family == Family::decimal && to.family == Family::decimal &&
      from.type.scale == to.scale && from.type.precision <= to.precision) {
    return {to, Casting::with_type(from.column, *column_type(to)), from.constant};
  }
  const Casting casting{from, to, rows, mask};
  if (from.type.family == Family::unknown && to.family == Family::string) {
    return {to, from.column, from.constant};
  }
  if (from.type.family == Family::string || from.type.family == Family::unknown) {
    return casting.from_text();
  }
  switch (to.family) {
    case Family::string:
      return casting.to_text();
    case Family::int64:
      return casting.to_whole();
    case Family::float64:
      return casting.to_double();
    case Family::decimal:
      return casting.to_decimal();
    case Family::boolean:
      return casting.each<bool, std::int64_t>([](std::int64_t a, bool& r) -> Problem {
        r = a != 0;
        return nullptr;
      });
    case Family::date:
      return casting.each<std::int32_t, std::int64_t>(
          [](std::int64_t a, std::int32_t& r) -> Problem {
            r = static_cast<std::int32_t>(day_of(a));
            return nullptr;
          });
    default:
      return casting.to_time();
  }
}

}  // namespace flowrun::expr
