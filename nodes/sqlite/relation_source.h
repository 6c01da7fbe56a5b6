// A source of the rows of a relation: for the sqlite source, and to read back what a sink wrote.
#pragma once

#include <memory>

#include "engine/spec/node.h"
#include "nodes/sqlite/relation.h"

namespace flowrun::nodes {

/// One input, the relation, under a schema of columns that it has.
[[nodiscard]] std::unique_ptr<Source> make_relation_source(SqliteRelation relation,
                                                           SchemaRef schema);

}  // namespace flowrun::nodes
