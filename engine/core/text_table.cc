#include "engine/core/text_table.h"

#include <algorithm>
#include <utility>

#include "engine/core/error.h"

namespace flowrun {
namespace {

bool starts_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20U || c == '\x7f'; }

}  // namespace

std::size_t shown_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_code_point));
}

std::string one_line(std::string_view text, std::size_t width) {
  const bool cut = shown_width(text) > width;
  const std::size_t room = cut ? std::max<std::size_t>(width, 1) - 1 : width;
  std::string out;
  std::size_t shown = 0;
  for (const char c : text) {
    if (starts_code_point(c) && shown++ == room) break;
    if (c == '\n') {
      out += "⏎";
    } else if (is_control(c)) {
      out += "·";
    } else {
      out += c;
    }
  }
  return cut ? out + "…" : out;
}

TextTable& TextTable::column(std::string title, Align align) {
  columns_.push_back({std::move(title), align});
  return *this;
}

void TextTable::row(std::vector<std::string> cells) {
  if (cells.size() != columns_.size()) {
    bug("a row of {} cells for a table of {} columns", cells.size(), columns_.size());
  }
  rows_.push_back(std::move(cells));
}

void TextTable::drop_empty_columns() {
  for (std::size_t i = columns_.size(); i-- > 0;) {
    if (std::any_of(rows_.begin(), rows_.end(), [i](const auto& row) { return !row[i].empty(); }))
      continue;
    const auto at = static_cast<std::ptrdiff_t>(i);
    columns_.erase(columns_.begin() + at);
    for (auto& row : rows_) row.erase(row.begin() + at);
  }
}

std::string TextTable::line(const std::vector<std::string>& cells,
                            const std::vector<std::size_t>& widths) const {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(widths[i] - shown_width(cells[i]), ' ');
    if (i > 0) out += "  ";
    out += columns_[i].align == Align::right ? padding + cells[i] : cells[i] + padding;
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

std::vector<std::size_t> TextTable::widths() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    widths.push_back(std::max(shown_width(columns_[i].title), i < least_.size() ? least_[i] : 0));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], shown_width(row[i]));
  }
  return widths;
}

std::string TextTable::render(bool color, std::size_t indent) const {
  const auto widths = this->widths();
  std::vector<std::string> titles;
  for (const auto& column : columns_) titles.push_back(column.title);
  const std::string front(indent, ' ');
  std::string out =
      front + (color ? "\x1b[2m" : "") + line(titles, widths) + (color ? "\x1b[0m" : "") + "\n";
  for (const auto& row : rows_) out += front + line(row, widths) + "\n";
  return out;
}

std::string TextTable::render_rows() const {
  const auto widths = this->widths();
  std::string out;
  for (const auto& row : rows_) out += line(row, widths) + "\n";
  return out;
}

}  // namespace flowrun
