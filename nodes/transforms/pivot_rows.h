// The rows of a batch as a pivot sees them: a column number and a value each.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/spec/node.h"
#include "nodes/kernels/cast.h"
#include "nodes/kernels/scratch.h"
#include "nodes/transforms/pivot_plan.h"

namespace flowrun::nodes {

/// The values of a batch in one of the types that cells have.
struct CellSource {
  ColumnRef column;
  std::vector<std::uint32_t> failed;     ///< rows that could not be cast
  const std::uint64_t* words = nullptr;  ///< per row; null where cells are not words
  std::shared_ptr<Buffer> widened;       ///< holds the words where the column does not

  [[nodiscard]] bool has_value(std::int64_t row) const { return column->is_valid(row); }
  /// The bytes of a value that is no word. Valid as long as the source.
  [[nodiscard]] std::string_view bytes(std::int64_t row) const;
};

/// Used by one thread.
class PivotRows {
 public:
  PivotRows(const BatchRef& batch, PivotPlan& plan);

  /// Rejects the rows that have no place or whose value cannot be cast, and returns the others; the
  /// batch itself where all are good.
  [[nodiscard]] BatchRef reject_bad(Output& out) const;

  /// Row by row, the number of its column; negative where it has none.
  [[nodiscard]] const std::int32_t* columns() const { return columns_.data(); }
  [[nodiscard]] const std::vector<CellSource>& sources() const { return sources_; }
  /// The words of all rows, where every row has one and there is one source; else null.
  [[nodiscard]] const std::uint64_t* plain_words() const {
    const auto& source = sources_.front();
    return sources_.size() == 1 && !source.column->has_nulls() ? source.words : nullptr;
  }

 private:
  void find_columns();
  [[nodiscard]] const CellSource& source_of(std::int32_t column) const {
    return sources_[plan_.columns[static_cast<std::size_t>(column)].source];
  }
  void reject_row(std::int64_t row, Output& out) const;

  BatchRef batch_;
  PivotPlan& plan_;
  Scratch<std::int32_t> columns_;
  std::vector<CellSource> sources_;
};

}  // namespace flowrun::nodes
