// What a bound lookup knows, and the table that it looks things up in.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/spec/node_type.h"
#include "nodes/sqlite/relation.h"
#include "nodes/transforms/lookup_table.h"

namespace flowrun::nodes {

enum class Missing { null, reject, fail };

/// Where the table is: a CSV file with a header, or a table of an SQLite database.
struct LookupSource {
  std::string shown;                       ///< for messages: "routes.csv", "mart.db#dim_route"
  std::string path;                        ///< absolute
  std::optional<SqliteRelation> relation;  ///< absent: a CSV file
  SchemaRef schema;                        ///< the columns that are read of it
};

/// Reads all of a table. Throws Error(io), or Error(data) where a row does not fit the schema or
/// two rows have one key.
[[nodiscard]] std::shared_ptr<const LookupTable> read_table(const LookupSource& source,
                                                            LookupTable::Roles roles);

/// Constant once bound.
struct LookupPlan {
  SchemaRef schema;
  std::vector<std::size_t> key;   ///< of the input
  std::vector<std::size_t> take;  ///< of the table
  std::vector<std::string> key_names;
  std::optional<std::size_t> as_of;
  Missing missing = Missing::null;
  LookupSource source;
  LookupTable::Roles roles;
  std::shared_ptr<const LookupTable> table;  ///< null: it is read when a run is about to begin
};

/// Reads the options of a lookup; what is wrong is reported, and the result is null then.
/// `content_hash` is set to what changes its rows beside them.
[[nodiscard]] std::shared_ptr<const LookupPlan> bind_lookup_plan(BindContext& context,
                                                                 std::string& content_hash);

}  // namespace flowrun::nodes
