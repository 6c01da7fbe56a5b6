// String columns of CSV text: as codes of a shared dictionary while that pays, as plain text
// otherwise.
#pragma once

#include "nodes/formats/csv_columns.h"

namespace flowrun::nodes {

/// Decodes a string column. A field that means null does so only where it is unquoted: "" in quotes
/// is an empty text.
[[nodiscard]] ColumnRef decode_strings(const ColumnInput& in, std::vector<BadValue>& bad);

}  // namespace flowrun::nodes
