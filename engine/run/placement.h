// Sorts a batch's rows into windows by their event time.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/data/batch.h"
#include "engine/plan/plan.h"

namespace flowrun {

/// Rows of one window.
struct WindowPart {
  Micros start = 0;
  BatchRef batch;
};

/// A batch sorted into windows. Rows keep their order within each part.
struct PlacedBatch {
  BatchRef whole;
  std::vector<WindowPart> parts;     ///< by start
  BatchRef untimed;                  ///< rows without a time; null where there are none
  std::vector<std::uint32_t> ahead;  ///< rows beyond now + max_ahead: rejects that move nothing
  std::int64_t outside = 0;          ///< rows outside [from, until)
  Micros least = INT64_MAX;          ///< of the rows in parts
  Micros greatest = INT64_MIN;
  Micros step_back = 0;  ///< the furthest that a row in parts lies behind one before it
};

/// Event time of row `row` in microseconds; the row must have one. date counts as its midnight.
[[nodiscard]] Micros event_time(const Column& column, std::int64_t row);

/// Sorts the rows of `batch` by the window column at index `column`. `late` rows (ascending) are
/// left out. Any thread.
[[nodiscard]] PlacedBatch place(const BatchRef& batch, std::size_t column, const WindowSpec& window,
                                Micros now, const std::vector<std::uint32_t>& late = {});

/// The rows whose window had ended when they came: its end is at or before the greatest time seen
/// before the row (in this batch, or `reached` before it) less `lateness`. Independent of how rows
/// were cut into batches.
[[nodiscard]] std::vector<std::uint32_t> late_rows(const PlacedBatch& placed, std::size_t column,
                                                   const WindowSpec& window, Micros now,
                                                   Micros reached, Micros lateness);

}  // namespace flowrun
