#include "engine/run/cursor_bounds.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "engine/data/text.h"

namespace flowrun {
namespace {

using KeyValues = std::vector<std::optional<std::string>>;

/// Undoes append_escaped(); nothing where that did not write it.
std::optional<std::string> unescaped(std::string_view text) {
  std::string value;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      value += text[at];
      continue;
    }
    const auto byte = parse_hex(text.substr(at + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    value += *byte;
    at += 2;
  }
  return value;
}

/// Takes "name=value" (a null: "name") off the front of a key; false where it is not there.
bool take_value(std::string_view& key, std::string_view name, std::optional<std::string>& value) {
  if (!key.starts_with(name)) return false;
  key.remove_prefix(name.size());
  if (key.empty() || key.front() == ',') {
    value.reset();
    return true;
  }
  if (key.front() != '=') return false;
  const auto end = std::min(key.find(','), key.size());
  value = unescaped(key.substr(1, end - 1));
  key.remove_prefix(end);
  return value.has_value();
}

/// Reads a key as append_cursor_key() writes it.
std::optional<KeyValues> values_of(std::string_view key, const CursorSpec& spec,
                                   const Schema& schema) {
  KeyValues values;
  for (const auto column : spec.per) {
    if (!values.empty()) {
      if (!key.starts_with(',')) return std::nullopt;
      key.remove_prefix(1);
    }
    auto& value = values.emplace_back();
    if (!take_value(key, schema.field(column).name, value)) return std::nullopt;
  }
  return key.empty() ? std::optional(std::move(values)) : std::nullopt;
}

}  // namespace

CursorBounds bounds_of(const CursorSpec& spec, const Schema& schema, const CursorMarks& from) {
  CursorBounds bounds{.column = spec.column, .per = spec.per, .marks = {}, .initial = spec.initial};
  for (const auto& [key, mark] : from) {
    if (auto values = values_of(key, spec, schema)) {
      bounds.marks.push_back({.key = std::move(*values), .value = mark.value});
    }
  }
  return bounds;
}

}  // namespace flowrun
