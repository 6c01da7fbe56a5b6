// The options of the csv source that say how its files are written.
#pragma once

#include <optional>

#include "engine/spec/node_type.h"
#include "nodes/formats/csv_format.h"

namespace flowrun::nodes {

/// Reads delimiter, quote, escape, comment, header, nulls, encoding and compression. Nothing where
/// they make no sense, which is reported then.
[[nodiscard]] std::optional<CsvFormat> csv_format(BindContext& context);

}  // namespace flowrun::nodes
