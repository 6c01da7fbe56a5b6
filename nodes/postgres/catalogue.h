// What a server's catalogue says about a table or a view.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/postgres/connection.h"
#include "nodes/postgres/identifier.h"
#include "nodes/postgres/oids.h"

namespace flowrun::postgres {

struct RelationColumn {
  std::string name;
  Oid type = 0;       ///< of a domain: what it stands on
  int modifier = -1;  ///< precision and scale, length; -1 for none
  std::string shown;  ///< as the server writes it: "numeric(10,2)"
  bool is_enum = false;
  Oid element = 0;  ///< arrays: the type of an element; else 0
  bool not_null = false;
  bool has_default = false;  ///< or fills itself (identity)
  bool is_computed = false;  ///< cannot be written: generated, or an identity that is always so
};

enum class RelationKind { table, view, other };

struct Relation {
  TableName name;  ///< with its schema
  Oid oid = 0;
  RelationKind kind = RelationKind::table;
  std::vector<RelationColumn> columns;
  std::vector<std::string> primary_key;
  /// Columns of every unique index that holds for all rows at once (no predicate, no expression,
  /// not deferrable); the primary key among them.
  std::vector<std::vector<std::string>> unique_keys;
  bool has_triggers = false;   ///< of somebody's own, foreign keys' aside
  bool is_referenced = false;  ///< foreign keys of other tables look here

  [[nodiscard]] const RelationColumn* find(std::string_view column) const;
};

/// Nothing where there is no such relation (or no right to see its schema). In the open
/// transaction, if any. Throws ServerError.
[[nodiscard]] std::optional<Relation> look_up(Connection& connection, const TableName& name);

}  // namespace flowrun::postgres
