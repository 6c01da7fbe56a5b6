// Civil time on the UTC calendar in microseconds: parse, print, durations, grids.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flowrun {

/// Microseconds: since the Unix epoch (an instant or a wall-clock reading), or a span.
using Micros = std::int64_t;

inline constexpr Micros kSecond = 1'000'000;
inline constexpr Micros kMinute = 60 * kSecond;
inline constexpr Micros kHour = 60 * kMinute;
inline constexpr Micros kDay = 24 * kHour;

/// Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms").
[[nodiscard]] constexpr std::int64_t days_from_civil(std::int64_t y, unsigned m, unsigned d) {
  y -= m <= 2 ? 1 : 0;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const auto yoe = static_cast<unsigned>(y - era * 400);
  const unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
  const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + static_cast<std::int64_t>(doe) - 719468;
}

struct CivilDate {
  std::int64_t year;
  unsigned month;
  unsigned day;
};

[[nodiscard]] CivilDate civil_from_days(std::int64_t days);

/// The day that a reading is on, in days since the epoch, and the time of that day; of any reading.
[[nodiscard]] constexpr std::int64_t day_of(Micros wall) {
  return wall / kDay - (wall % kDay < 0 ? 1 : 0);
}
[[nodiscard]] constexpr Micros time_of_day(Micros wall) {
  return wall % kDay + (wall % kDay < 0 ? kDay : 0);
}

/// Parses "YYYY-MM-DD" into days since the epoch; nothing where it is no such date.
[[nodiscard]] std::optional<std::int32_t> parse_date(std::string_view text);

/// A timestamp as written: its wall-clock reading, and the zone's offset where one was written.
struct ParsedTimestamp {
  Micros wall = 0;               ///< the reading as if it were UTC
  std::optional<Micros> offset;  ///< east of UTC; 0 for "Z"; absent where no zone was written
  /// The instant, taking a missing zone for UTC.
  [[nodiscard]] Micros utc() const { return wall - offset.value_or(0); }
};

/// Parses RFC 3339 and its everyday relatives: "YYYY-MM-DD", then optionally 'T' or ' ',
/// "HH:MM[:SS[.f]]" (f: 1-9 digits, cut to microseconds), then optionally "Z" or "±HH[:MM]".
[[nodiscard]] std::optional<ParsedTimestamp> parse_timestamp(std::string_view text);

/// "2026-01-31T10:20:30.5" without zone; fraction only where it is not zero, no trailing zeros.
[[nodiscard]] std::string format_timestamp(Micros wall);
/// The same with "Z".
[[nodiscard]] std::string format_timestamptz(Micros utc);
[[nodiscard]] std::string format_date(std::int32_t days);

/// Parses "90s", "2h", "15m", "1d", "1h30m", "250ms", "1w"; nothing where it is not one. Months and
/// years are not durations.
[[nodiscard]] std::optional<Micros> parse_duration(std::string_view text);
/// The shortest exact form: "2h", "1h30m", "250ms", "0s".
[[nodiscard]] std::string format_duration(Micros span);
/// For people: "3.2 s", "4 min 10 s", "2 h 5 min".
[[nodiscard]] std::string format_elapsed(double seconds);

/// Parses "256 MiB", "64KB", "1 GiB", "4096"; bytes.
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view text);
[[nodiscard]] std::string format_size(std::int64_t bytes);

/// The start of the cell of the grid `align + k * every` that holds `t`. `every` is positive.
[[nodiscard]] Micros snap_down(Micros t, Micros every, Micros align = 0);

}  // namespace flowrun
