// Rows of batches for people and for programs.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/data/batch.h"
#include "engine/data/schema.h"

namespace flowrun::command {

/// Collects rows and shows them as a table with a line of types; of columns that do not fit only
/// the number is told.
class RowTable {
 public:
  /// `columns` are indexes into `schema`.
  RowTable(const Schema& schema, std::vector<std::size_t> columns);

  void add(const Batch& batch);
  [[nodiscard]] std::size_t rows() const { return cells_.size(); }

  /// At most `width` cells a line (0: no limit). Null shows as "∅".
  [[nodiscard]] std::string render(std::size_t width, bool color) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths() const;
  const Schema& schema_;
  std::vector<std::size_t> columns_;
  std::vector<std::vector<std::string>> cells_;
};

/// The rows of `batch` as JSON objects, one a line; `columns` as above.
[[nodiscard]] std::string json_rows(const Batch& batch, const std::vector<std::size_t>& columns);

}  // namespace flowrun::command
