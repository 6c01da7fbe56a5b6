// What the options of the postgres source say, before anybody asks the server.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/spec/node_type.h"
#include "nodes/postgres/source_relation.h"

namespace flowrun::nodes {

/// A column as the pipeline file names it, with a type where it gives one.
struct WantedColumn {
  std::string name;
  std::optional<Type> type;
  SourceSpan span;
};

/// A value of a filter, and where it stands.
struct FilterValue {
  std::string column;
  std::string text;
  SourceSpan span;
};

struct PostgresOptions {
  postgres::RelationWish wish;
  std::vector<WantedColumn> columns;       ///< empty: all there are
  std::vector<FilterValue> filter_values;  ///< of wish.filter, for checking them
  std::vector<std::pair<std::string, SourceSpan>> filter_columns;
  bool has_types = false;  ///< every column has one
};

/// Reads table, query, columns, filter and order_by. Nothing after a diagnostic.
[[nodiscard]] std::optional<PostgresOptions> read_postgres_options(BindContext& context);

}  // namespace flowrun::nodes
