// What the server answered to a statement.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct pg_result;

namespace flowrun::postgres {

/// Rows of an answer, values as text. Rows and columns count from 0. Any thread, one at a time.
class Result {
 public:
  Result() = default;
  explicit Result(pg_result* result);

  [[nodiscard]] int rows() const;
  [[nodiscard]] int columns() const;
  [[nodiscard]] bool is_null(int row, int column) const;
  /// "" for null; valid as long as the result.
  [[nodiscard]] std::string_view text(int row, int column) const;
  [[nodiscard]] std::string string(int row, int column) const {
    return std::string(text(row, column));
  }
  /// Throws Error(io) for what is no whole number.
  [[nodiscard]] std::int64_t int64(int row, int column) const;
  /// Of a boolean column; false for null.
  [[nodiscard]] bool boolean(int row, int column) const { return text(row, column) == "t"; }
  [[nodiscard]] std::optional<std::string> optional(int row, int column) const;
  [[nodiscard]] std::string column_name(int column) const;
  /// The type of a column, by its number in pg_type, and its modifier (-1 for none).
  [[nodiscard]] std::uint32_t type(int column) const;
  [[nodiscard]] int modifier(int column) const;
  /// How many rows the statement touched; 0 where that says nothing.
  [[nodiscard]] std::int64_t touched() const;

 private:
  struct Free {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Free> result_;
};

}  // namespace flowrun::postgres
