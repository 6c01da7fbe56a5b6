// What a source reads of a server: a table or a query, as asked for and as the server has it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/data/schema.h"
#include "engine/spec/option.h"
#include "nodes/postgres/catalogue.h"
#include "nodes/postgres/wire_type.h"

namespace flowrun::postgres {

/// A condition on a column: equal to one of `values`, or null, or not null.
struct FilterTerm {
  enum class Kind : std::uint8_t { equals, is_null, is_not_null };
  std::string column;
  Kind kind = Kind::equals;
  std::vector<std::string> values;  ///< as text
};

/// What the pipeline file asks for.
struct RelationWish {
  std::optional<TableName> table;  ///< else the query
  std::string query;
  std::vector<BoundValue> bound;  ///< what $1, $2, … in the query stand for
  std::vector<FilterTerm> filter;
  std::vector<std::string> order_by;
  std::string window_column;  ///< "" without [window]

  [[nodiscard]] std::string shown() const { return table ? table->shown() : "the query"; }
};

/// What the server has for it.
struct RelationFound {
  std::vector<RelationColumn> columns;
  std::vector<std::string> primary_key;
  std::vector<std::string> parameter_types;  ///< in SQL, of the query's $1, $2, …

  [[nodiscard]] const RelationColumn* find(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> names() const;
};

/// Looks at a relation; nothing where there is no such table. Throws ServerError for a query that
/// the server does not take, Error(plan) for one with parameters of its own.
[[nodiscard]] std::optional<RelationFound> look_at(Connection& connection,
                                                   const RelationWish& wish);

/// A constant in SQL: the text, in quotes, as a value of `type`.
[[nodiscard]] std::string constant(Connection& connection, const std::string& text,
                                   const std::string& type);

/// The query with its values in their places.
[[nodiscard]] std::string query_with_values(Connection& connection, const RelationWish& wish,
                                            const std::vector<std::string>& types);

}  // namespace flowrun::postgres
