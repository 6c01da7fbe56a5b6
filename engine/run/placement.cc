#include "engine/run/placement.h"

#include <algorithm>
#include <map>
#include <utility>

namespace flowrun {
namespace {

/// What becomes of a row that has a time.
enum class Place { window, ahead, outside };

Place place_of(Micros time, const WindowSpec& window, Micros now) {
  if (time > now + window.max_ahead) return Place::ahead;
  if ((window.from && time < *window.from) || (window.until && time >= *window.until)) {
    return Place::outside;
  }
  return Place::window;
}

/// Rows of a batch by where they go; built only where not all of them go to one window.
struct Sorting {
  std::map<Micros, std::vector<std::uint32_t>> windows;
  std::vector<std::uint32_t> untimed;
};

void note_time(PlacedBatch& placed, Micros time) {
  if (time < placed.greatest) placed.step_back = std::max(placed.step_back, placed.greatest - time);
  placed.least = std::min(placed.least, time);
  placed.greatest = std::max(placed.greatest, time);
}

/// Looks at the times only: true where all rows go to one window.
bool one_window(PlacedBatch& placed, const Column& times, const WindowSpec& window, Micros now) {
  if (times.has_nulls() || placed.whole->rows() == 0) return false;
  for (std::int64_t row = 0; row < placed.whole->rows(); ++row)
    note_time(placed, event_time(times, row));
  return place_of(placed.least, window, now) == Place::window &&
         place_of(placed.greatest, window, now) == Place::window &&
         snap_down(placed.least, window.every, window.align) ==
             snap_down(placed.greatest, window.every, window.align);
}

}  // namespace

Micros event_time(const Column& column, std::int64_t row) {
  const auto i = static_cast<std::size_t>(row);
  if (column.type().id == TypeId::date) return column.values<std::int32_t>()[i] * kDay;
  return column.values<std::int64_t>()[i];
}

PlacedBatch place(const BatchRef& batch, std::size_t column, const WindowSpec& window, Micros now,
                  const std::vector<std::uint32_t>& late) {
  PlacedBatch placed{.whole = batch};
  const auto& times = batch->column(column);
  if (late.empty() && one_window(placed, times, window, now)) {
    placed.parts.push_back({snap_down(placed.least, window.every, window.align), batch});
    return placed;
  }
  placed.least = INT64_MAX;
  placed.greatest = INT64_MIN;
  placed.step_back = 0;
  Sorting sorting;
  auto next_late = late.begin();
  for (std::int64_t i = 0; i < batch->rows(); ++i) {
    const auto row = static_cast<std::uint32_t>(i);
    if (next_late != late.end() && *next_late == row) {
      ++next_late;
      continue;
    }
    if (!times.is_valid(i)) {
      sorting.untimed.push_back(row);
      continue;
    }
    const auto time = event_time(times, i);
    switch (place_of(time, window, now)) {
      case Place::ahead:
        placed.ahead.push_back(row);
        break;
      case Place::outside:
        ++placed.outside;
        break;
      case Place::window:
        note_time(placed, time);
        sorting.windows[snap_down(time, window.every, window.align)].push_back(row);
        break;
    }
  }
  for (const auto& [start, rows] : sorting.windows)
    placed.parts.push_back({start, take(*batch, rows)});
  if (!sorting.untimed.empty()) placed.untimed = take(*batch, sorting.untimed);
  return placed;
}

std::vector<std::uint32_t> late_rows(const PlacedBatch& placed, std::size_t column,
                                     const WindowSpec& window, Micros now, Micros reached,
                                     Micros lateness) {
  std::vector<std::uint32_t> late;
  if (placed.parts.empty()) return late;
  const auto ended = [&](Micros time, Micros seen) {
    return seen != INT64_MIN &&
           snap_down(time, window.every, window.align) + window.every <= seen - lateness;
  };
  // Nobody lies further back than the lateness allows; or even the greatest time ends no window
  // here.
  if (placed.step_back <= lateness && (reached == INT64_MIN || placed.least >= reached - lateness))
    return late;
  if (!ended(placed.least, std::max(reached, placed.greatest))) return late;
  const auto& times = placed.whole->column(column);
  for (std::int64_t i = 0; i < placed.whole->rows(); ++i) {
    if (!times.is_valid(i)) continue;
    const auto time = event_time(times, i);
    if (place_of(time, window, now) != Place::window) continue;
    if (ended(time, reached)) late.push_back(static_cast<std::uint32_t>(i));
    reached = std::max(reached, time);
  }
  return late;
}

}  // namespace flowrun
