#include "engine/data/type.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

namespace flowrun {
namespace {

constexpr std::array<std::pair<std::string_view, TypeId>, 8> kNames{
    {{"bool", TypeId::boolean},
     {"int64", TypeId::int64},
     {"float64", TypeId::float64},
     {"string", TypeId::string},
     {"date", TypeId::date},
     {"timestamp", TypeId::timestamp},
     {"timestamptz", TypeId::timestamptz},
     {"bytes", TypeId::bytes}}};

/// Reads an integer at the front of `text` and removes it with the spaces around it.
std::optional<int> take_int(std::string_view& text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return value;
}

std::optional<Type> parse_decimal_type(std::string_view text) {
  if (text.substr(0, 8) != "decimal(") return std::nullopt;
  text.remove_prefix(8);
  const auto precision = take_int(text);
  if (!precision || *precision < 1 || *precision > 38) return std::nullopt;
  int scale = 0;
  if (text.substr(0, 1) == ",") {
    text.remove_prefix(1);
    const auto read = take_int(text);
    if (!read || *read < 0 || *read > *precision) return std::nullopt;
    scale = *read;
  }
  if (text != ")") return std::nullopt;
  return decimal_type(*precision, scale);
}

}  // namespace

int Type::width() const {
  switch (id) {
    case TypeId::int64:
    case TypeId::float64:
    case TypeId::timestamp:
    case TypeId::timestamptz:
      return 8;
    case TypeId::date:
      return 4;
    case TypeId::decimal:
      return 16;
    case TypeId::boolean:
    case TypeId::string:
    case TypeId::bytes:
      return 0;
  }
  return 0;
}

std::string to_string(Type type) {
  if (type.id == TypeId::decimal) return fmt::format("decimal({},{})", type.precision, type.scale);
  for (const auto& [name, id] : kNames) {
    if (id == type.id) return std::string(name);
  }
  return "unknown";
}

std::optional<Type> parse_type(std::string_view text) {
  for (const auto& [name, id] : kNames) {
    if (name == text) return Type{id};
  }
  return parse_decimal_type(text);
}

const char* type_names() {
  return "bool, int64, float64, decimal(p,s), string, date, timestamp, timestamptz, bytes";
}

}  // namespace flowrun
