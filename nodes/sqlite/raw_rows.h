// Values as SQLite stores them, on their way from the thread that reads to those that decode.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/column.h"
#include "engine/data/schema.h"
#include "engine/sqlite/connection.h"

namespace flowrun::nodes {

/// Some rows of a statement. One thread fills it; then it is constant.
class RawRows {
 public:
  explicit RawRows(std::size_t columns) : columns_(columns) {}

  /// Takes the row that the statement stands at. Of a row longer than kMaxRowBytes nothing is kept
  /// but its place, and `key` columns at its end.
  void add(const sqlite::Statement& statement, std::size_t key);

  [[nodiscard]] std::size_t columns() const { return columns_; }
  [[nodiscard]] std::int64_t rows() const {
    return columns_ == 0 ? 0 : static_cast<std::int64_t>(cells_.size() / columns_);
  }
  [[nodiscard]] std::int64_t bytes() const {
    return static_cast<std::int64_t>(cells_.size() * sizeof(Cell) + text_.size());
  }
  /// The rows that were too long, ascending.
  [[nodiscard]] const std::vector<std::uint32_t>& too_long() const { return too_long_; }

  [[nodiscard]] sqlite::ValueKind kind(std::int64_t row, std::size_t column) const {
    return at(row, column).kind;
  }
  [[nodiscard]] std::int64_t integer(std::int64_t row, std::size_t column) const {
    return static_cast<std::int64_t>(at(row, column).word);
  }
  [[nodiscard]] double real(std::int64_t row, std::size_t column) const;
  /// Of a text or a blob.
  [[nodiscard]] std::string_view bytes(std::int64_t row, std::size_t column) const {
    const auto& cell = at(row, column);
    return {text_.data() + cell.word, cell.length};
  }

 private:
  struct Cell {
    std::uint64_t word = 0;  ///< the integer, the float's bits, or where the bytes begin
    std::uint32_t length = 0;
    sqlite::ValueKind kind = sqlite::ValueKind::null;
  };
  [[nodiscard]] const Cell& at(std::int64_t row, std::size_t column) const {
    return cells_[static_cast<std::size_t>(row) * columns_ + column];
  }
  void add_cell(const sqlite::Statement& statement, int column);

  std::size_t columns_;
  std::vector<Cell> cells_;
  std::string text_;
  std::vector<std::uint32_t> too_long_;
};

/// A value that its column's type cannot take.
struct BadCell {
  std::uint32_t row = 0;
  std::uint32_t column = 0;
  std::string reason;
};

/// Column `column` of the rows as one of `type`; rows whose value is bad are added to `bad` and are
/// null. Any thread.
[[nodiscard]] ColumnRef decode_column(const RawRows& rows, std::size_t column, Type type,
                                      std::vector<BadCell>& bad);

/// A value for people: blobs as x'0102…', long ones cut.
[[nodiscard]] std::string shown_cell(const RawRows& rows, std::int64_t row, std::size_t column);

/// A row as a JSON object with the names of `schema`, whose columns are the first of the row.
[[nodiscard]] std::string record_of(const RawRows& rows, std::int64_t row, const Schema& schema);

}  // namespace flowrun::nodes
