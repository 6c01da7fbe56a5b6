// Rows of batches for people.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/core/text_table.h"
#include "engine/data/batch.h"
#include "engine/data/schema.h"

namespace flowrun {

/// Collects rows and shows them as a table with a line of types. Null shows as "∅".
class RowTable {
 public:
  static constexpr std::size_t kCellWidth = 40;

  /// `columns` are indexes into `schema`, which outlives the table; texts longer than `cell_width`
  /// are cut.
  RowTable(const Schema& schema, std::vector<std::size_t> columns,
           std::size_t cell_width = kCellWidth);

  void add(const Batch& batch);
  [[nodiscard]] std::size_t rows() const { return cells_.size(); }

  /// At most `width` cells a line (0: no limit): of columns that do not fit only the number is
  /// told.
  [[nodiscard]] std::string render(std::size_t width, bool color) const;

  /// How wide each column has to be for its rows, its name and its type.
  [[nodiscard]] std::vector<std::size_t> widths() const;
  /// All columns at these widths or what they need, if that is more: the rows, and names and types
  /// above them where `with_head`. So a long table can be shown piece by piece.
  [[nodiscard]] std::string piece(const std::vector<std::size_t>& widths, bool with_head) const;

 private:
  /// A table of the first `shown` columns, without rows.
  [[nodiscard]] TextTable empty_table(std::size_t shown) const;
  [[nodiscard]] std::vector<std::string> types() const;

  const Schema& schema_;
  std::vector<std::size_t> columns_;
  std::size_t cell_width_;
  std::vector<std::vector<std::string>> cells_;
};

}  // namespace flowrun
