// Rows of batches for programs.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/data/batch.h"

namespace flowrun::command {

/// The rows of `batch` as JSON objects, one a line, with the columns of these indexes.
[[nodiscard]] std::string json_rows(const Batch& batch, const std::vector<std::size_t>& columns);

}  // namespace flowrun::command
