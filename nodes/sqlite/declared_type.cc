#include "nodes/sqlite/declared_type.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

namespace flowrun::nodes {
namespace {

struct Declaration {
  std::string name;          ///< upper case, one blank between words
  std::vector<int> numbers;  ///< those in parentheses
};

Declaration parse(std::string_view declared) {
  Declaration out;
  std::string numbers;
  bool inside = false;
  for (const char c : declared) {
    if (c == '(' || c == ')') {
      inside = c == '(';
    } else if (inside) {
      numbers += c;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      if (!out.name.empty() && out.name.back() != ' ') out.name += ' ';
    } else {
      out.name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    }
  }
  if (out.name.ends_with(' ')) out.name.pop_back();
  for (std::size_t at = 0; at < numbers.size();) {
    int value = 0;
    const auto begin = numbers.find_first_not_of(" ,", at);
    if (begin == std::string::npos) break;
    const auto [end, error] =
        std::from_chars(numbers.data() + begin, numbers.data() + numbers.size(), value);
    if (error != std::errc()) break;
    out.numbers.push_back(value);
    at = static_cast<std::size_t>(end - numbers.data());
  }
  return out;
}

bool is_any(const std::string& name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// DECIMAL(p) and DECIMAL(p,s); without a precision it may be any number.
Type decimal_of(const std::vector<int>& numbers) {
  const int scale = numbers.size() > 1 ? numbers[1] : 0;
  const bool fits =
      !numbers.empty() && numbers[0] >= 1 && numbers[0] <= 38 && scale >= 0 && scale <= numbers[0];
  return fits ? decimal_type(numbers[0], scale) : kFloat64;
}

std::optional<Type> well_known(const Declaration& declared) {
  const auto& name = declared.name;
  if (is_any(name, {"BOOL", "BOOLEAN"})) return kBoolean;
  if (name == "DATE") return kDate;
  if (is_any(name, {"TIMESTAMP", "DATETIME", "TIMESTAMP WITHOUT TIME ZONE"})) return kTimestamp;
  if (is_any(name, {"TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"})) return kTimestamptz;
  if (is_any(name, {"DECIMAL", "NUMERIC", "DEC", "NUMBER"})) return decimal_of(declared.numbers);
  if (is_any(name, {"BYTEA", "BINARY", "VARBINARY"})) return kBytes;
  return std::nullopt;
}

}  // namespace

std::optional<Type> type_of_declaration(std::string_view declared) {
  const auto declaration = parse(declared);
  if (declaration.name.empty()) return std::nullopt;
  if (const auto known = well_known(declaration)) return known;
  // SQLite's own rules, in their order.
  static constexpr std::array<std::pair<std::string_view, Type>, 8> kAffinities{
      {{"INT", kInt64},
       {"CHAR", kString},
       {"CLOB", kString},
       {"TEXT", kString},
       {"BLOB", kBytes},
       {"REAL", kFloat64},
       {"FLOA", kFloat64},
       {"DOUB", kFloat64}}};
  for (const auto& [part, type] : kAffinities) {
    if (declaration.name.find(part) != std::string::npos) return type;
  }
  return kString;
}

}  // namespace flowrun::nodes
