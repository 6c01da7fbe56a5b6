// PostgreSQL's intervals: months, days and microseconds that stay apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/core/time.h"
#include "engine/expr/vector.h"

namespace flowrun::expr {

/// For comparisons PostgreSQL takes a month for 30 days and a day for 24 hours.
[[nodiscard]] inline Int128 comparable(const Interval128& value) {
  return (Int128{value.months} * 30 + value.days) * kDay + value.micros;
}

/// Reads "1 day", "2 hours 30 minutes", "-1.5 hours", "1 year 2 mons", "3 days 04:05:06.5",
/// "P1DT2H"; nothing where it is none.
[[nodiscard]] std::optional<Interval128> parse_interval(std::string_view text);
/// As PostgreSQL prints it: "1 year 2 mons 3 days 04:05:06.5".
[[nodiscard]] std::string format_interval(const Interval128& value);

/// a + b; false where a part overflows.
[[nodiscard]] bool add_intervals(const Interval128& a, const Interval128& b, Interval128& out);
[[nodiscard]] Interval128 negated(const Interval128& value);
/// Parts that are broken by the factor go down: months to days (of 30 to the month), days to hours.
[[nodiscard]] bool scale_interval(const Interval128& value, double factor, Interval128& out);

/// A wall-clock reading plus an interval: months first (the 31st becomes the last day of a shorter
/// month), then days, then the rest. False on overflow.
[[nodiscard]] bool add_to_wall(Micros wall, const Interval128& value, Micros& out);

}  // namespace flowrun::expr
