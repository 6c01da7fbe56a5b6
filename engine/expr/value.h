// Types of values inside expressions: those of columns, and intervals and untyped literals beside
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/type.h"

namespace flowrun::expr {

/// Like TypeId, with what exists between columns only. `unknown` is PostgreSQL's type of a quoted
/// literal or null that nothing has given a type yet.
enum class Family : std::uint8_t {
  boolean,
  int64,
  float64,
  decimal,
  string,
  date,
  timestamp,
  timestamptz,
  bytes,
  interval,
  unknown,
};

struct ValueType {
  Family family = Family::unknown;
  std::uint8_t precision = 0;
  std::uint8_t scale = 0;

  friend bool operator==(const ValueType&, const ValueType&) = default;
  [[nodiscard]] bool is_number() const {
    return family == Family::int64 || family == Family::float64 || family == Family::decimal;
  }
};

inline constexpr int kMostDigits = 38;

[[nodiscard]] constexpr ValueType decimal_value(int precision, int scale) {
  return {Family::decimal, static_cast<std::uint8_t>(precision), static_cast<std::uint8_t>(scale)};
}

[[nodiscard]] ValueType value_type(Type type);
/// The type of a column that holds such values; an interval has none. Untyped literals are texts.
[[nodiscard]] std::optional<Type> column_type(ValueType type);
/// The type of the column in which an expression keeps such values: an interval has the width of a
/// decimal, and lies in one.
[[nodiscard]] Type stored_type(ValueType type);
/// As a person writes it: "int64", "decimal(10,2)", "interval", "text without a type".
[[nodiscard]] std::string to_string(ValueType type);

/// The type that PostgreSQL's or our own name means, with the modifiers in parentheses; nothing
/// where there is none.
[[nodiscard]] std::optional<ValueType> type_named(std::string_view name,
                                                  const std::vector<std::int64_t>& modifiers);

}  // namespace flowrun::expr
