// The fields of a time: year, week, hour, …
#pragma once

#include <optional>
#include <string_view>

#include "engine/expr/interval.h"

namespace flowrun::expr {

enum class TimeUnit {
  microseconds,
  milliseconds,
  second,
  minute,
  hour,
  day,
  week,
  month,
  quarter,
  year,
  decade,
  century,
  millennium,
  epoch,
  dow,
  isodow,
  doy,
  isoyear,
};

/// By PostgreSQL's names, in any case.
[[nodiscard]] std::optional<TimeUnit> time_unit(std::string_view name);
/// True for those that date_trunc() knows.
[[nodiscard]] bool truncates(TimeUnit unit);
/// True for second and epoch, which have six decimals: field_of() gives them in microseconds.
[[nodiscard]] bool has_fraction(TimeUnit unit);

/// The start of the unit that a reading is in; false where that is too far back.
[[nodiscard]] bool truncate_wall(Micros wall, TimeUnit unit, Micros& out);
/// The field of a reading; of second and epoch in microseconds.
[[nodiscard]] std::int64_t field_of(Micros wall, TimeUnit unit);
/// False where intervals have no such field.
[[nodiscard]] bool interval_field(const Interval128& value, TimeUnit unit, std::int64_t& out);
/// second or epoch, in microseconds: a year of months counts 365.25 days, a month 30.
[[nodiscard]] Int128 interval_seconds_of(const Interval128& value, TimeUnit unit);

}  // namespace flowrun::expr
