#include "nodes/postgres/identifier.h"

#include <utility>
#include <vector>

#include "engine/core/error.h"

namespace flowrun::postgres {
namespace {

/// Takes one part off the front of `text`; nothing where there is none.
std::optional<std::string> take_part(std::string_view& text) {
  std::string part;
  if (!text.starts_with('"')) {
    const auto end = std::min(text.find('.'), text.size());
    part = text.substr(0, end);
    text.remove_prefix(end);
    if (part.empty() || part.find('"') != std::string::npos) return std::nullopt;
    return part;
  }
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] != '"') {
      part += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '"') {
      part += text[i++];
    } else {
      text.remove_prefix(i + 1);
      return part.empty() ? std::nullopt : std::optional(part);
    }
  }
  return std::nullopt;
}

}  // namespace

std::string quote_identifier(std::string_view name) {
  if (name.find('\0') != std::string_view::npos) {
    throw Error(Errc::data, "a name of PostgreSQL cannot hold a NUL character");
  }
  std::string quoted = "\"";
  for (const char letter : name) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  quoted += '"';
  return quoted;
}

std::string TableName::quoted() const {
  const auto name = quote_identifier(table);
  return schema.empty() ? name : quote_identifier(schema) + "." + name;
}

std::string TableName::shown() const { return schema.empty() ? table : schema + "." + table; }

std::optional<TableName> parse_table_name(std::string_view text) {
  std::vector<std::string> parts;
  while (parts.size() < 2) {
    auto part = take_part(text);
    if (!part) return std::nullopt;
    parts.push_back(std::move(*part));
    if (text.empty()) break;
    if (text.front() != '.') return std::nullopt;
    text.remove_prefix(1);
    if (text.empty()) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  if (parts.size() == 1) return TableName{{}, std::move(parts[0])};
  return TableName{std::move(parts[0]), std::move(parts[1])};
}

}  // namespace flowrun::postgres
