// A table of an SQLite database: what it is like, and what must be done to it before rows can come.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/schema.h"
#include "engine/spec/node.h"
#include "engine/sqlite/connection.h"

namespace flowrun::nodes {

/// What a sink wants its table to be.
struct TableWish {
  std::string table;
  SchemaRef schema;              ///< of the rows
  std::vector<std::string> key;  ///< columns that identify a row; empty: none
  bool needs_key = false;        ///< rows are told apart by the key: a unique index must exist
  std::string index;             ///< a column that rows are deleted by; "" for none
  bool create = false;
  bool add_columns = false;
};

/// The declared type of a column that flowrun makes: integer, real, text or blob.
[[nodiscard]] const char* declared_type(Type type);

/// True where two names are one to SQLite: ASCII letters count alike in either case.
[[nodiscard]] bool same_name(std::string_view a, std::string_view b);
/// The form that all names which are one to SQLite have in common.
[[nodiscard]] std::string folded_name(std::string_view name);

/// The statements that bring the table to what is wished, none where it is that already; touches
/// nothing. No connection: the file is missing. Throws Error(plan) where it cannot be done, saying
/// what to do.
[[nodiscard]] std::vector<std::string> plan_table(sqlite::Connection* connection,
                                                  const TableWish& wish, const std::string& path);

}  // namespace flowrun::nodes
