// Values of JSON text decoded into one typed column.
#pragma once

#include <vector>

#include "nodes/formats/csv_columns.h"

namespace flowrun::nodes {

/// Decodes a column whose cells an NdjsonRow placed; rows whose value is bad are added to `bad` and
/// hold something, anything. Dialect and null texts of the input are not looked at. Any thread.
[[nodiscard]] ColumnRef decode_json_column(ColumnInput in, std::vector<BadValue>& bad);

}  // namespace flowrun::nodes
