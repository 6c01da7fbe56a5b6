#include "engine/data/row_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/data/text.h"

namespace flowrun {
namespace {

constexpr std::size_t kGap = 2;
/// Room for the note on columns that are not shown.
constexpr std::size_t kNoteWidth = 12;

}  // namespace

RowTable::RowTable(const Schema& schema, std::vector<std::size_t> columns, std::size_t cell_width)
    : schema_(schema), columns_(std::move(columns)), cell_width_(cell_width) {}

void RowTable::add(const Batch& batch) {
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    std::vector<std::string> cells;
    cells.reserve(columns_.size());
    for (const auto i : columns_) {
      const auto& column = batch.column(i);
      cells.push_back(column.is_valid(row) ? one_line(text_of(column, row), cell_width_) : "∅");
    }
    cells_.push_back(std::move(cells));
  }
}

std::vector<std::size_t> RowTable::widths() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto& field = schema_.field(columns_[i]);
    auto width = std::max(shown_width(field.name), shown_width(to_string(field.type)));
    for (const auto& row : cells_) width = std::max(width, shown_width(row[i]));
    widths.push_back(width);
  }
  return widths;
}

TextTable RowTable::empty_table(std::size_t shown) const {
  TextTable table;
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& field = schema_.field(columns_[i]);
    table.column(field.name,
                 field.type.is_number() ? TextTable::Align::right : TextTable::Align::left);
  }
  return table;
}

std::vector<std::string> RowTable::types() const {
  std::vector<std::string> types;
  for (const auto i : columns_) types.push_back(to_string(schema_.field(i).type));
  return types;
}

std::string RowTable::render(std::size_t width, bool color) const {
  const auto needed = widths();
  std::size_t shown = 0;
  std::size_t used = 0;
  for (; shown < needed.size(); ++shown) {
    const auto end = used + needed[shown] + (shown == 0 ? 0 : kGap);
    const auto room = shown + 1 == needed.size() ? width : width - std::min(width, kNoteWidth);
    if (width > 0 && shown > 0 && end > room) break;
    used = end;
  }
  auto table = empty_table(shown);
  const auto hidden = columns_.size() - shown;
  if (hidden > 0) table.column(fmt::format("… {} more", hidden));
  const auto add_row = [&](std::vector<std::string> cells) {
    cells.resize(shown);
    if (hidden > 0) cells.emplace_back();
    table.row(std::move(cells));
  };
  add_row(types());
  for (const auto& row : cells_) add_row(row);
  return table.render(color);
}

std::string RowTable::piece(const std::vector<std::size_t>& widths, bool with_head) const {
  auto needed = this->widths();
  for (std::size_t i = 0; i < needed.size(); ++i) needed[i] = std::max(needed[i], widths[i]);
  auto table = empty_table(columns_.size());
  table.at_least(std::move(needed));
  if (with_head) table.row(types());
  for (const auto& row : cells_) table.row(row);
  return with_head ? table.render() : table.render_rows();
}

}  // namespace flowrun
