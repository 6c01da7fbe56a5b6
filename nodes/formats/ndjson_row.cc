#include "nodes/formats/ndjson_row.h"

#include <algorithm>
#include <array>
#include <utility>

#include "nodes/formats/csv_record.h"

namespace flowrun::nodes {
namespace {

std::string not_a(Type type) {
  return (type.id == TypeId::int64 ? "not an " : "not a ") + to_string(type);
}

/// What a float64 may be that JSON has no number for, as the ndjson sink writes it.
bool is_special_float(std::string_view text) {
  constexpr std::array<std::string_view, 3> kSpecial{"nan", "inf", "-inf"};
  return std::find(kSpecial.begin(), kSpecial.end(), text) != kSpecial.end();
}

}  // namespace

void NdjsonRow::start(std::uint32_t* cells) {
  cells_ = cells;
  spare_ = kept_;
  ++row_;
  for (std::size_t column = 0; column < layout_.columns(); ++column) {
    cells_[2 * column] = ~0U;
    cells_[2 * column + 1] = 0;
  }
}

bool NdjsonRow::visit(std::uint32_t node) { return std::exchange(stamps_[node], row_) != row_; }

bool NdjsonRow::put_any(std::uint32_t node, const JsonToken& token) {
  const auto& columns = layout_.node(node).columns;
  if (columns.empty()) return true;
  auto text = token.kind == JsonKind::string ? token.inside() : token.text();
  if (token.escaped) {
    const auto written = unescape(text, spare_);
    if (written.problem != nullptr) return refuse(columns.front(), written.problem, token.text());
    text = {spare_, static_cast<std::size_t>(written.end - spare_)};
    spare_ = written.end;
  }
  for (const auto column : columns) {
    if (!put_column(column, token, text)) return false;
  }
  return true;
}

/// `text` is the token's, for strings what they say.
bool NdjsonRow::put_column(std::uint32_t column, const JsonToken& token, std::string_view text) {
  const auto type = layout_.schema()->field(column).type;
  if (!layout_.accepts(column, token.kind)) return refuse(column, not_a(type), token.text());
  if (token.kind == JsonKind::null) return true;
  if (token.kind == JsonKind::string) {
    const bool no_float = type.id == TypeId::float64 && !is_special_float(text);
    // An empty cell would be null, an empty text is not.
    if (no_float || (text.empty() && !type.is_text())) {
      return refuse(column, not_a(type), token.text());
    }
  }
  place(column, text.data(), text.data() + text.size());
  return true;
}

bool NdjsonRow::fail(std::string reason) {
  problem_ = {.reason = std::move(reason)};
  return false;
}

bool NdjsonRow::refuse(std::uint32_t column, std::string reason, std::string_view value) {
  problem_ = {.reason = std::move(reason),
              .column = layout_.schema()->field(column).name,
              .value = record_text(value)};
  return false;
}

}  // namespace flowrun::nodes
