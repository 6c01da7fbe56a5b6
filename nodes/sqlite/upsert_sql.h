// The statements by which rows get into a table.
#pragma once

#include <string>
#include <vector>

#include "engine/data/schema.h"
#include "engine/spec/unit.h"

namespace flowrun::nodes {

/// What happens to a row whose key is there already.
enum class OnConflict { fail, ignore, update };

struct InsertWish {
  std::string table;
  SchemaRef schema;  ///< one parameter per field, in order
  OnConflict on_conflict = OnConflict::fail;
  std::vector<std::string> key;
  std::vector<bool> keep_nulls;  ///< per field: a null leaves the old value; empty: none
  std::string version;           ///< a field: rows with an older one change nothing; "" for none
};

/// An insert of `rows` rows: parameters row by row, field by field.
[[nodiscard]] std::string insert_statement(const InsertWish& wish, std::size_t rows);

/// Deletes the rows whose `column` lies in `interval`; all are literals, the column's name is
/// quoted.
[[nodiscard]] std::string delete_window(const std::string& table, const Field& column,
                                        Interval interval);
/// Deletes the rows whose `column` is null.
[[nodiscard]] std::string delete_unplaced(const std::string& table, const Field& column);

}  // namespace flowrun::nodes
