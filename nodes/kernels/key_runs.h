// Where the key changes from one row to the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/data/batch.h"

namespace flowrun::nodes {

/// Writes the rows whose key differs from the row before (row 0 always) to `starts`, ascending, and
/// the number of rows behind them; returns how many there are. May split a run of equal keys, never
/// joins different ones. `starts` has room for rows() + 1.
[[nodiscard]] std::size_t find_runs(const Batch& batch, std::span<const std::size_t> columns,
                                    std::uint32_t* starts);

}  // namespace flowrun::nodes
