#include "nodes/formats/ndjson_layout.h"

#include <charconv>
#include <utility>

namespace flowrun::nodes {
namespace {

constexpr std::uint8_t bit(JsonKind kind) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(kind));
}

/// The kinds that have a text.
constexpr std::uint8_t kPlaced =
    bit(JsonKind::boolean) | bit(JsonKind::number) | bit(JsonKind::string);

/// The kinds of values that a type is read from.
std::uint8_t kinds_of(Type type) {
  const auto null = bit(JsonKind::null);
  switch (type.id) {
    case TypeId::boolean:
      return null | bit(JsonKind::boolean);
    case TypeId::int64:
      return null | bit(JsonKind::number);
    case TypeId::float64:
    case TypeId::decimal:
      return null | bit(JsonKind::number) | bit(JsonKind::string);
    case TypeId::string:
      return null | bit(JsonKind::boolean) | bit(JsonKind::number) | bit(JsonKind::string) |
             bit(JsonKind::container);
    case TypeId::date:
    case TypeId::timestamp:
    case TypeId::timestamptz:
    case TypeId::bytes:
      return null | bit(JsonKind::string);
  }
  return null;
}

/// The place in an array that a part of a pointer says; kNone where it says none ("01", "x", "-").
std::uint32_t element_of(std::string_view part) {
  if (part.empty() || (part.size() > 1 && part.front() == '0')) return NdjsonLayout::kNone;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
  return error == std::errc() && end == part.data() + part.size() ? number : NdjsonLayout::kNone;
}

}  // namespace

std::optional<std::vector<std::string>> parse_pointer(std::string_view pointer) {
  if (!pointer.starts_with('/')) return std::nullopt;
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < pointer.size(); ++at) {
    if (pointer[at] == '/') {
      parts.emplace_back();
    } else if (pointer[at] != '~') {
      parts.back() += pointer[at];
    } else {
      const char code = at + 1 < pointer.size() ? pointer[at + 1] : '\0';
      if (code != '0' && code != '1') return std::nullopt;
      parts.back() += code == '0' ? '~' : '/';
      ++at;
    }
  }
  return parts;
}

NdjsonLayout::NdjsonLayout(SchemaRef schema, const std::vector<std::vector<std::string>>& paths)
    : schema_(std::move(schema)) {
  for (std::uint32_t column = 0; column < paths.size(); ++column) {
    std::uint32_t node = 0;
    for (const auto& key : paths[column]) node = add_child(node, key);
    nodes_[node].columns.push_back(column);
    accepted_.push_back(kinds_of(schema_->field(column).type));
  }
  for (const auto& node : nodes_) {
    Direct direct;
    if (node.columns.size() == 1) {
      direct.column = node.columns.front();
      direct.kinds = accepted_[direct.column] & kPlaced;
      // Few strings are floats.
      const bool is_float = schema_->field(direct.column).type.id == TypeId::float64;
      if (is_float) direct.kinds &= bit(JsonKind::number);
    }
    direct_.push_back(direct);
  }
}

std::uint32_t NdjsonLayout::add_child(std::uint32_t parent, const std::string& key) {
  for (const auto child : nodes_[parent].children) {
    if (nodes_[child].key == key) return child;
  }
  const auto number = static_cast<std::uint32_t>(nodes_.size());
  nodes_.push_back({.key = key, .element = element_of(key)});
  nodes_[parent].children.push_back(number);
  return number;
}

std::uint32_t NdjsonLayout::child(const Node& parent, std::string_view key,
                                  std::size_t& expected) const {
  const auto& children = parent.children;
  for (std::size_t tried = 0; tried < children.size(); ++tried, ++expected) {
    if (expected >= children.size()) expected = 0;
    const auto number = children[expected];
    if (nodes_[number].key == key) {
      ++expected;
      return number;
    }
  }
  return kNone;
}

std::uint32_t NdjsonLayout::element(const Node& parent, std::uint32_t number) const {
  for (const auto child : parent.children) {
    if (nodes_[child].element == number) return child;
  }
  return kNone;
}

}  // namespace flowrun::nodes
