// Dates and timestamps as moments.
#pragma once

#include "engine/core/time.h"
#include "engine/data/column.h"

namespace flowrun::nodes {

/// The moment of a date, timestamp or timestamptz column in a row that has one: a date is its
/// midnight, a timestamp without a zone counts as UTC.
[[nodiscard]] inline Micros moment_of(const Column& column, std::int64_t row) {
  const auto at = static_cast<std::size_t>(row);
  return column.type() == kDate ? column.values<std::int32_t>()[at] * kDay
                                : column.values<std::int64_t>()[at];
}

}  // namespace flowrun::nodes
