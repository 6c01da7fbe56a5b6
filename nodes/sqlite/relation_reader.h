// Reads tables and queries of SQLite databases as batches.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/spec/node.h"
#include "nodes/sqlite/relation.h"

namespace flowrun::nodes {

/// Reads a relation from its first row to its last, as it is when the first row is read; rows that
/// do not fit `schema` are rejected, with the rowid or the key as origin. Ordinals count the rows
/// from 1; `number` is the input's. Throws as RelationCursor::open().
[[nodiscard]] std::unique_ptr<Reader> open_relation(const SqliteRelation& relation,
                                                    SchemaRef schema, std::uint64_t number);

}  // namespace flowrun::nodes
