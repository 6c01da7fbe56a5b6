// The statement by which a source reads.
#pragma once

#include <string>
#include <vector>

#include "engine/spec/node.h"
#include "nodes/postgres/source_relation.h"

namespace flowrun::postgres {

/// What is to be left out of a relation, and in which form its columns come.
struct SelectParts {
  const RelationWish* wish = nullptr;
  const RelationFound* found = nullptr;
  const Schema* schema = nullptr;        ///< the columns, in their order
  const Interval* range = nullptr;       ///< of the window column; null: everything
  const CursorBounds* bounds = nullptr;  ///< null: everything
};

/// `select … from …` with everything in its place. Values stand in it as constants that the
/// session quoted, with their types: COPY takes no parameters, and settings read by
/// current_setting() would be read anew for each row (a scan took four times as long). Throws
/// Error(plan) where a column is gone or cannot be read as the schema says.
[[nodiscard]] std::string select_statement(Connection& connection, const SelectParts& parts);

/// How each column of `schema` comes. Throws as above.
[[nodiscard]] std::vector<WireColumn> wire_columns(const RelationWish& wish,
                                                   const RelationFound& found,
                                                   const Schema& schema);

/// Whether ranges of the window column can be read by themselves.
[[nodiscard]] bool can_read_ranges(const RelationWish& wish, const RelationFound& found);

}  // namespace flowrun::postgres
