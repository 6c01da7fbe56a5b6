// Compares the rows that came with the rows that a test expects, cell by cell.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/run/rehearsal.h"
#include "tools/flowrun/test_cells.h"

namespace flowrun::command {

/// Rows as texts in canonical form; nothing: null.
using ActualRows = std::vector<std::vector<std::optional<std::string>>>;

/// The chosen columns of watched rows.
[[nodiscard]] ActualRows actual_rows(const WatchedRows& rows,
                                     const std::vector<std::size_t>& columns);

/// What differs, a line each ("row 2: rpm is 12.5, expected 13"); empty where all is as expected.
/// Unordered rows are paired so that as many as possible agree; of those left over the most alike
/// are shown as differences, the others as missing or unexpected rows.
[[nodiscard]] std::vector<std::string> differences(const ExpectedRows& expected,
                                                   const ActualRows& actual, const Schema& schema,
                                                   bool ordered);

}  // namespace flowrun::command
