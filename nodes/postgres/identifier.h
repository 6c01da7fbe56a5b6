// Names of PostgreSQL: the one way for a name to get into SQL.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace flowrun::postgres {

/// Bytes of a name that the server keeps; it cuts longer ones off without a word.
inline constexpr std::size_t kMaxNameBytes = 63;

/// Returns the name in double quotes, those inside doubled. Throws Error(data) for a name that
/// holds a NUL character.
[[nodiscard]] std::string quote_identifier(std::string_view name);

/// A table's name, perhaps with its schema's.
struct TableName {
  std::string schema;  ///< "" where the search path says
  std::string table;

  /// Ready for SQL: "tenant"."readings".
  [[nodiscard]] std::string quoted() const;
  /// For people: tenant.readings.
  [[nodiscard]] std::string shown() const;
  friend bool operator==(const TableName&, const TableName&) = default;
};

/// Reads `schema.table` or `table` as written in a pipeline file: letters keep their case; a part
/// in double quotes may hold dots. Nothing where it is neither.
[[nodiscard]] std::optional<TableName> parse_table_name(std::string_view text);

}  // namespace flowrun::postgres
