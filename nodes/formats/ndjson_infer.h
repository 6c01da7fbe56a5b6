// The schema of NDJSON files, found by looking at their first lines.
#pragma once

#include "nodes/formats/csv_infer.h"

namespace flowrun::nodes {

/// Finds the keys of the objects, in order of first appearance, and the types of their values:
/// bool, int64, float64 (of numbers, some with a fraction), date, timestamp and timestamptz (of
/// strings), else string. A key without a value in the sample is a string, and so are those with
/// arrays, objects, or values of several kinds. The schema has no fields where no line is an
/// object. Throws Error(io).
[[nodiscard]] InferredSchema infer_ndjson_schema(const std::vector<Input>& files,
                                                 const StreamFormat& stream);

}  // namespace flowrun::nodes
