// A table: what it is like, and what must be done to it before rows can come.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/data/schema.h"
#include "nodes/postgres/catalogue.h"

namespace flowrun::postgres {

/// What a sink wants its table to be.
struct TableWish {
  TableName table;
  SchemaRef schema;              ///< of the rows
  std::vector<std::string> key;  ///< columns that identify a row; empty: none
  bool needs_key = false;        ///< rows are told apart by the key: a unique index must exist
  std::string index;             ///< a column that rows are deleted by; "" for none
  bool create = false;
  bool add_columns = false;
  bool whole_rows = false;  ///< rows are deleted and inserted: every column must arrive
};

/// Columns that a table has room for.
inline constexpr std::size_t kMaxColumns = 1600;

/// The statements that bring a table to what is wished, none where it is that already; touches
/// nothing. Throws Error(plan) where it cannot be done, saying what to do, and ServerError.
[[nodiscard]] std::vector<std::string> plan_table(Connection& connection, const TableWish& wish);

/// The statements for a table that is not there. Throws Error(plan) where no such table can be.
[[nodiscard]] std::vector<std::string> plan_new_table(const TableWish& wish);

/// Bytes that a row without a null takes at least, as it lies on its page.
[[nodiscard]] std::size_t least_row_bytes(const Schema& schema);

/// What tells a table from the same one after a change: its number, its columns and their types.
/// Empty where there is no such table.
[[nodiscard]] std::string make_up_of(Connection& connection, const TableName& table);

}  // namespace flowrun::postgres
