#include "nodes/kernels/cast.h"

#include <array>
#include <charconv>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/time.h"
#include "engine/data/text.h"

namespace flowrun::nodes {
namespace {

/// The first double beyond int64.
constexpr double kBeyondInt64 = 9223372036854775808.0;

bool is_moment(Type type) { return type.id == TypeId::date || type.is_time(); }

/// The shortest digits that read back to the same double, without an exponent; "nan" and "inf" for
/// those.
std::string fixed_text(double value) {
  std::array<char, 400> digits{};  // 1.8e308 has 309 digits, 5e-324 has 326 characters
  const auto [end, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed);
  return {digits.data(), end};
}

Int128 power_of_ten(int exponent) {
  Int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

bool append_decimal(ColumnBuilder& out, Int128 value, Type from) {
  const auto text = format_decimal(value, from.scale);
  if (out.type().id == TypeId::decimal) return parse_append(out, text);
  if (out.type().id == TypeId::float64) {
    const auto number = parse_float64(text);
    if (!number || parse_decimal(fixed_text(*number), from) != value) return false;
    out.append_float64(*number);
    return true;
  }
  const auto unit = power_of_ten(from.scale);
  const auto whole = value / unit;
  if (value % unit != 0 || whole != static_cast<Int128>(static_cast<std::int64_t>(whole)))
    return false;
  out.append_int64(static_cast<std::int64_t>(whole));
  return true;
}

void append_moment(ColumnBuilder& out, Micros time) {
  if (out.type().id == TypeId::date) {
    out.append_date(static_cast<std::int32_t>(snap_down(time, kDay) / kDay));
  } else {
    out.append_int64(time);
  }
}

/// Appends the value of a valid row; false, and nothing appended, where it has none in the new
/// type.
bool append_cast(ColumnBuilder& out, const Column& column, std::int64_t row) {
  const auto i = static_cast<std::size_t>(row);
  const auto from = column.type();
  if (from.id == TypeId::string) return parse_append(out, column.text(row));
  if (out.type().id == TypeId::string) {
    out.append_text(text_of(column, row));
    return true;
  }
  switch (from.id) {
    case TypeId::boolean:
      out.append_int64(column.boolean(row) ? 1 : 0);
      return true;
    case TypeId::int64:
      return append_number(out, column.values<std::int64_t>()[i]);
    case TypeId::float64:
      return append_number(out, column.values<double>()[i]);
    case TypeId::decimal:
      return append_decimal(out, column.values<Int128>()[i], from);
    case TypeId::date:
      append_moment(out, column.values<std::int32_t>()[i] * kDay);
      return true;
    case TypeId::timestamp:
    case TypeId::timestamptz:
      append_moment(out, column.values<std::int64_t>()[i]);
      return true;
    case TypeId::string:
    case TypeId::bytes:
      break;
  }
  bug("no cast from {} to {}", to_string(from), to_string(out.type()));
}

Cast cast_rows(const Column& column, Type to) {
  ColumnBuilder out(to);
  out.reserve(column.length());
  Cast result;
  for (std::int64_t row = 0; row < column.length(); ++row) {
    if (!column.is_valid(row)) {
      out.append_null();
    } else if (!append_cast(out, column, row)) {
      out.append_null();
      result.failed.push_back(static_cast<std::uint32_t>(row));
    }
  }
  result.column = out.finish();
  return result;
}

/// Casts each text of the dictionary once.
Cast cast_codes(const Column& column, Type to) {
  const auto texts = cast_rows(*column.dictionary(), to);
  ColumnBuilder out(to);
  out.reserve(column.length());
  Cast result;
  for (std::int64_t row = 0; row < column.length(); ++row) {
    if (!column.is_valid(row)) {
      out.append_null();
      continue;
    }
    const auto code = column.codes()[static_cast<std::size_t>(row)];
    out.append_from(*texts.column, code);
    if (!texts.column->is_valid(code)) result.failed.push_back(static_cast<std::uint32_t>(row));
  }
  result.column = out.finish();
  return result;
}

}  // namespace

bool append_number(ColumnBuilder& out, std::int64_t value) {
  if (out.type().id == TypeId::int64) {
    out.append_int64(value);
    return true;
  }
  if (out.type().id == TypeId::float64) {
    const auto number = static_cast<double>(value);
    if (number >= kBeyondInt64 || static_cast<std::int64_t>(number) != value) return false;
    out.append_float64(number);
    return true;
  }
  return parse_append(out, std::to_string(value));  // decimals, and 1 and 0 as booleans
}

bool append_number(ColumnBuilder& out, double value) {
  if (out.type().id == TypeId::float64) {
    out.append_float64(value);
    return true;
  }
  if (out.type().id == TypeId::decimal) return parse_append(out, fixed_text(value));
  if (!(value >= -kBeyondInt64 && value < kBeyondInt64) || value != std::trunc(value)) return false;
  out.append_int64(static_cast<std::int64_t>(value));
  return true;
}

bool can_cast(Type from, Type to) {
  if (from == to || from.id == TypeId::string || to.id == TypeId::string) return true;
  if (from.is_number() && to.is_number()) return true;
  if (is_moment(from) && is_moment(to)) return true;
  return (from.id == TypeId::boolean && to.id == TypeId::int64) ||
         (from.id == TypeId::int64 && to.id == TypeId::boolean);
}

Cast cast(const ColumnRef& column, Type to) {
  if (column->type() == to) return {column, {}};
  if (column->is_dictionary() && column->dictionary()->length() <= column->length()) {
    return cast_codes(*column, to);
  }
  return cast_rows(*column, to);
}

std::string not_a(Type type) {
  const auto name = to_string(type);
  return (name.front() == 'i' ? "not an " : "not a ") + name;
}

}  // namespace flowrun::nodes
