// Columns of text that stand under each other.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flowrun {

/// Code points of UTF-8 text: how many cells of a terminal it fills (wide characters counted once).
[[nodiscard]] std::size_t shown_width(std::string_view text);

/// At most `width` code points of `text`, ending in "…" where some were cut off. Line breaks and
/// other control characters become "⏎" and "·", so that the text stays on its line.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t width);

/// A table that is put together row by row and rendered at the end.
class TextTable {
 public:
  enum class Align { left, right };

  TextTable& column(std::string title, Align align = Align::left);
  /// One cell per column.
  void row(std::vector<std::string> cells);
  /// Leaves out the columns in which every cell is empty.
  void drop_empty_columns();
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// Columns are at least so wide, whatever their cells are.
  void at_least(std::vector<std::size_t> widths) { least_ = std::move(widths); }

  /// Lines that end in '\n': the titles (dim, with colour), then the rows. `indent` blanks stand in
  /// front. Text that is right-most and left-aligned is not padded.
  [[nodiscard]] std::string render(bool color = false, std::size_t indent = 0) const;
  /// The same without the titles, which count for the widths all the same.
  [[nodiscard]] std::string render_rows() const;

 private:
  struct Column {
    std::string title;
    Align align = Align::left;
  };
  [[nodiscard]] std::string line(const std::vector<std::string>& cells,
                                 const std::vector<std::size_t>& widths) const;
  [[nodiscard]] std::vector<std::size_t> widths() const;
  std::vector<Column> columns_;
  std::vector<std::size_t> least_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace flowrun
