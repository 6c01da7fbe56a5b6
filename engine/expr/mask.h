// Sets of rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/expr/vector.h"

namespace flowrun::expr {

/// The rows of `mask` for which `keep` holds.
template <typename Keep>
[[nodiscard]] std::vector<std::uint8_t> narrowed(const Rows& rows, Mask mask, Keep keep) {
  std::vector<std::uint8_t> out(static_cast<std::size_t>(rows.count));
  for (std::int64_t row = 0; row < rows.count; ++row) {
    out[static_cast<std::size_t>(row)] = is_active(mask, row) && keep(row) ? 1 : 0;
  }
  return out;
}

[[nodiscard]] inline bool any(const std::vector<std::uint8_t>& mask) {
  for (const auto each : mask) {
    if (each != 0) return true;
  }
  return false;
}

/// All active rows.
[[nodiscard]] inline std::vector<std::uint8_t> active_rows(const Rows& rows, Mask mask) {
  return narrowed(rows, mask, [](std::int64_t) { return true; });
}

}  // namespace flowrun::expr
