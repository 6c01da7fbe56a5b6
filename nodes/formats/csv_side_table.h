// A CSV file that is read whole when a pipeline is planned: a table to look things up in.
#pragma once

#include <string>
#include <vector>

#include "engine/data/batch.h"
#include "engine/spec/node.h"
#include "nodes/formats/csv_format.h"

namespace flowrun::nodes {

/// All rows that are left in a reader. Throws Error(io), and Error(data) for a row that cannot be
/// read.
[[nodiscard]] std::vector<BatchRef> read_all(Reader& reader);

/// All rows of a file, the columns of `schema` only; `name` is what messages call it. Throws
/// Error(io), and Error(data) where the header lacks a column or a row cannot be read.
[[nodiscard]] std::vector<BatchRef> read_csv_table(const std::string& name, const std::string& path,
                                                   const CsvFormat& format,
                                                   const SchemaRef& schema);

}  // namespace flowrun::nodes
