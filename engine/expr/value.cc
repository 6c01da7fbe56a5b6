#include "engine/expr/value.h"

#include <array>
#include <utility>

namespace flowrun::expr {
namespace {

// decimal without modifiers: as wide as there is, with as many decimals as money ever needs.
constexpr ValueType kPlainDecimal = decimal_value(kMostDigits, 16);

constexpr std::array<std::pair<std::string_view, Family>, 27> kNames{{
    {"bool", Family::boolean},
    {"boolean", Family::boolean},
    {"int2", Family::int64},
    {"int4", Family::int64},
    {"int8", Family::int64},
    {"int64", Family::int64},
    {"smallint", Family::int64},
    {"integer", Family::int64},
    {"bigint", Family::int64},
    {"float4", Family::float64},
    {"float8", Family::float64},
    {"float64", Family::float64},
    {"real", Family::float64},
    {"numeric", Family::decimal},
    {"decimal", Family::decimal},
    {"text", Family::string},
    {"string", Family::string},
    {"varchar", Family::string},
    {"bpchar", Family::string},
    {"name", Family::string},
    {"date", Family::date},
    {"timestamp", Family::timestamp},
    {"timestamptz", Family::timestamptz},
    {"bytea", Family::bytes},
    {"bytes", Family::bytes},
    {"interval", Family::interval},
    {"uuid", Family::string},
}};

}  // namespace

ValueType value_type(Type type) {
  return {static_cast<Family>(type.id), type.precision, type.scale};
}

std::optional<Type> column_type(ValueType type) {
  if (type.family == Family::interval) return std::nullopt;
  if (type.family == Family::unknown) return kString;
  return Type{static_cast<TypeId>(type.family), type.precision, type.scale};
}

Type stored_type(ValueType type) {
  return column_type(type).value_or(decimal_type(kMostDigits, 0));
}

std::string to_string(ValueType type) {
  if (type.family == Family::interval) return "interval";
  if (type.family == Family::unknown) return "a literal without a type";
  return flowrun::to_string(*column_type(type));
}

std::optional<ValueType> type_named(std::string_view name,
                                    const std::vector<std::int64_t>& modifiers) {
  for (const auto& [known, family] : kNames) {
    if (known != name) continue;
    if (family == Family::decimal) {
      if (modifiers.empty()) return kPlainDecimal;
      const auto precision = modifiers[0];
      const auto scale = modifiers.size() > 1 ? modifiers[1] : 0;
      if (precision < 1 || precision > kMostDigits || scale < 0 || scale > precision) {
        return std::nullopt;
      }
      return decimal_value(static_cast<int>(precision), static_cast<int>(scale));
    }
    if (!modifiers.empty()) return std::nullopt;
    return ValueType{family};
  }
  return std::nullopt;
}

}  // namespace flowrun::expr
