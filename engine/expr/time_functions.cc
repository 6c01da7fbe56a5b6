// Dates, times, zones and intervals. Where PostgreSQL asks for the session's zone, it is UTC here.
#include <array>
#include <cmath>
#include <limits>

#include "engine/expr/decimal.h"
#include "engine/expr/function.h"
#include "engine/expr/interval.h"
#include "engine/expr/time_parts.h"
#include "engine/expr/zone.h"

namespace flowrun::expr {
namespace {

constexpr Problem kOverflow = "out of range";
constexpr Problem kNoZone = "no such time zone";
constexpr Problem kNoUnit = "no such unit of time";

template <int Sign>
Vector shift_wall(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::int64_t, std::int64_t, Interval128>(
      out, rows, mask, args, [](Micros wall, Interval128 by, Micros& r) -> Problem {
        return add_to_wall(wall, Sign < 0 ? negated(by) : by, r) ? nullptr : kOverflow;
      });
}
Vector shift_wall_by_left(ValueType out, const Rows& rows, Mask mask,
                          std::span<const Vector> args) {
  const std::array<Vector, 2> swapped{args[1], args[0]};
  return shift_wall<1>(out, rows, mask, swapped);
}

/// PostgreSQL gives whole days and the rest, never months.
Vector between(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<Interval128, std::int64_t, std::int64_t>(
      out, rows, mask, args, [](Micros a, Micros b, Interval128& r) -> Problem {
        Micros span = 0;
        if (__builtin_sub_overflow(a, b, &span)) return kOverflow;
        r = {0, static_cast<std::int32_t>(span / kDay), span % kDay};
        return nullptr;
      });
}

Problem to_days(std::int64_t days, std::int32_t& r) {
  if (days < std::numeric_limits<std::int32_t>::min() ||
      days > std::numeric_limits<std::int32_t>::max()) {
    return kOverflow;
  }
  r = static_cast<std::int32_t>(days);
  return nullptr;
}
template <int Sign>
Vector shift_date(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::int32_t, std::int32_t, std::int64_t>(
      out, rows, mask, args, [](std::int32_t date, std::int64_t by, std::int32_t& r) -> Problem {
        std::int64_t days = 0;
        const bool lost = Sign < 0 ? __builtin_sub_overflow(std::int64_t{date}, by, &days)
                                   : __builtin_add_overflow(std::int64_t{date}, by, &days);
        return lost ? kOverflow : to_days(days, r);
      });
}
/// A date and an interval are a timestamp.
template <int Sign>
Vector shift_midnight(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::int64_t, std::int32_t, Interval128>(
      out, rows, mask, args, [](std::int32_t date, Interval128 by, Micros& r) -> Problem {
        Micros midnight = 0;
        if (__builtin_mul_overflow(std::int64_t{date}, kDay, &midnight)) return kOverflow;
        return add_to_wall(midnight, Sign < 0 ? negated(by) : by, r) ? nullptr : kOverflow;
      });
}
Vector shift_midnight_by_left(ValueType out, const Rows& rows, Mask mask,
                              std::span<const Vector> args) {
  const std::array<Vector, 2> swapped{args[1], args[0]};
  return shift_midnight<1>(out, rows, mask, swapped);
}
Vector shift_date_by_left(ValueType out, const Rows& rows, Mask mask,
                          std::span<const Vector> args) {
  const std::array<Vector, 2> swapped{args[1], args[0]};
  return shift_date<1>(out, rows, mask, swapped);
}
Vector days_between(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::int64_t, std::int32_t, std::int32_t>(
      out, rows, mask, args, [](std::int32_t a, std::int32_t b, std::int64_t& r) -> Problem {
        r = std::int64_t{a} - b;
        return nullptr;
      });
}

template <int Sign>
Vector interval_sum(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<Interval128, Interval128, Interval128>(
      out, rows, mask, args, [](Interval128 a, Interval128 b, Interval128& r) -> Problem {
        return add_intervals(a, Sign < 0 ? negated(b) : b, r) ? nullptr : kOverflow;
      });
}
Vector negate_interval(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map1<Interval128, Interval128>(out, rows, mask, args,
                                        [](Interval128 a, Interval128& r) -> Problem {
                                          r = negated(a);
                                          return nullptr;
                                        });
}
Vector multiply_interval(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<Interval128, Interval128, double>(
      out, rows, mask, args, [](Interval128 a, double by, Interval128& r) -> Problem {
        return scale_interval(a, by, r) ? nullptr : kOverflow;
      });
}
Vector multiply_by_interval(ValueType out, const Rows& rows, Mask mask,
                            std::span<const Vector> args) {
  const std::array<Vector, 2> swapped{args[1], args[0]};
  return multiply_interval(out, rows, mask, swapped);
}
Vector divide_interval(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<Interval128, Interval128, double>(
      out, rows, mask, args, [](Interval128 a, double by, Interval128& r) -> Problem {
        if (by == 0) return "division by zero";
        return scale_interval(a, 1 / by, r) ? nullptr : kOverflow;
      });
}

Vector truncate(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::int64_t, std::string_view, std::int64_t>(
      out, rows, mask, args, [](std::string_view unit, Micros wall, Micros& r) -> Problem {
        const auto part = time_unit(unit);
        if (!part || !truncates(*part)) return kNoUnit;
        return truncate_wall(wall, *part, r) ? nullptr : kOverflow;
      });
}
Vector truncate_in_zone(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map3<std::int64_t, std::string_view, std::int64_t, std::string_view>(
      out, rows, mask, args,
      [](std::string_view unit, Micros utc, std::string_view name, Micros& r) -> Problem {
        const auto part = time_unit(unit);
        if (!part || !truncates(*part)) return kNoUnit;
        const auto* zone = zone_named(name);
        if (zone == nullptr) return kNoZone;
        Micros wall = 0;
        const bool good =
            zone->to_wall(utc, wall) && truncate_wall(wall, *part, wall) && zone->to_utc(wall, r);
        return good ? nullptr : kOverflow;
      });
}

/// Fields that are whole numbers.
Vector whole_field(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::int64_t, std::string_view, std::int64_t>(
      out, rows, mask, args, [](std::string_view unit, Micros wall, std::int64_t& r) -> Problem {
        const auto part = time_unit(unit);
        if (!part || has_fraction(*part)) return kNoUnit;
        r = field_of(wall, *part);
        return nullptr;
      });
}
/// Seconds and epoch, with six decimals.
Vector seconds_field(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<Int128, std::string_view, std::int64_t>(
      out, rows, mask, args, [](std::string_view unit, Micros wall, Int128& r) -> Problem {
        const auto part = time_unit(unit);
        if (!part || !has_fraction(*part)) return kNoUnit;
        r = field_of(wall, *part);
        return nullptr;
      });
}
Vector whole_interval_field(ValueType out, const Rows& rows, Mask mask,
                            std::span<const Vector> args) {
  return map2<std::int64_t, std::string_view, Interval128>(
      out, rows, mask, args,
      [](std::string_view unit, Interval128 value, std::int64_t& r) -> Problem {
        const auto part = time_unit(unit);
        if (!part || has_fraction(*part)) return kNoUnit;
        return interval_field(value, *part, r) ? nullptr : kNoUnit;
      });
}
Vector interval_seconds(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<Int128, std::string_view, Interval128>(
      out, rows, mask, args, [](std::string_view unit, Interval128 value, Int128& r) -> Problem {
        const auto part = time_unit(unit);
        if (!part || !has_fraction(*part)) return kNoUnit;
        r = interval_seconds_of(value, *part);
        return nullptr;
      });
}

Vector wall_in_zone(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::int64_t, std::string_view, std::int64_t>(
      out, rows, mask, args, [](std::string_view name, Micros utc, Micros& r) -> Problem {
        const auto* zone = zone_named(name);
        if (zone == nullptr) return kNoZone;
        return zone->to_wall(utc, r) ? nullptr : kOverflow;
      });
}
Vector instant_in_zone(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::int64_t, std::string_view, std::int64_t>(
      out, rows, mask, args, [](std::string_view name, Micros wall, Micros& r) -> Problem {
        const auto* zone = zone_named(name);
        if (zone == nullptr) return kNoZone;
        return zone->to_utc(wall, r) ? nullptr : kOverflow;
      });
}

Vector date_of_parts(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map3<std::int32_t, std::int64_t, std::int64_t, std::int64_t>(
      out, rows, mask, args,
      [](std::int64_t y, std::int64_t m, std::int64_t d, std::int32_t& r) -> Problem {
        if (y < 1 || y > 9999 || m < 1 || m > 12 || d < 1 || d > 31) return "no such date";
        const auto days = days_from_civil(y, static_cast<unsigned>(m), static_cast<unsigned>(d));
        const auto back = civil_from_days(days);
        if (back.month != static_cast<unsigned>(m)) return "no such date";
        return to_days(days, r);
      });
}
Vector instant_of_seconds(ValueType out, const Rows& rows, Mask mask,
                          std::span<const Vector> args) {
  return map1<std::int64_t, double>(out, rows, mask, args,
                                    [](double seconds, std::int64_t& r) -> Problem {
                                      if (!(std::fabs(seconds) < 9e12)) return kOverflow;
                                      r = std::llround(seconds * 1e6);
                                      return nullptr;
                                    });
}

std::optional<ValueType> seconds_type(std::span<const ValueType>) { return decimal_value(22, 6); }

constexpr auto T = Family::timestamp;
constexpr auto Z = Family::timestamptz;
constexpr auto D = Family::date;
constexpr auto V = Family::interval;
constexpr auto S = Family::string;
constexpr auto I = Family::int64;
constexpr auto R = Family::float64;
constexpr auto wall_reading = &gives<Family::timestamp>;
constexpr auto instant = &gives<Family::timestamptz>;
constexpr auto date = &gives<Family::date>;
constexpr auto span_of_time = &gives<Family::interval>;
constexpr auto whole_number = &gives<Family::int64>;

}  // namespace

std::span<const Function> time_functions() {
  static const std::vector<Function> functions{
      {"+", {T, V}, wall_reading, shift_wall<1>},
      {"+", {Z, V}, instant, shift_wall<1>},
      {"+", {V, T}, wall_reading, shift_wall_by_left},
      {"+", {V, Z}, instant, shift_wall_by_left},
      {"-", {T, V}, wall_reading, shift_wall<-1>},
      {"-", {Z, V}, instant, shift_wall<-1>},
      {"-", {T, T}, span_of_time, between},
      {"-", {Z, Z}, span_of_time, between},
      {"+", {D, V}, wall_reading, shift_midnight<1>},
      {"+", {V, D}, wall_reading, shift_midnight_by_left},
      {"-", {D, V}, wall_reading, shift_midnight<-1>},
      {"+", {D, I}, date, shift_date<1>},
      {"+", {I, D}, date, shift_date_by_left},
      {"-", {D, I}, date, shift_date<-1>},
      {"-", {D, D}, whole_number, days_between},
      {"+", {V, V}, span_of_time, interval_sum<1>},
      {"-", {V, V}, span_of_time, interval_sum<-1>},
      {"unary -", {V}, span_of_time, negate_interval},
      {"*", {V, R}, span_of_time, multiply_interval},
      {"*", {R, V}, span_of_time, multiply_by_interval},
      {"/", {V, R}, span_of_time, divide_interval},
      {"date_trunc", {S, T}, wall_reading, truncate},
      {"date_trunc", {S, Z}, instant, truncate},
      {"date_trunc", {S, Z, S}, instant, truncate_in_zone},
      // What extract() and date_part() become, by the kind of the field.
      {"field whole", {S, T}, whole_number, whole_field},
      {"field whole", {S, Z}, whole_number, whole_field},
      {"field whole", {S, V}, whole_number, whole_interval_field},
      {"field seconds", {S, T}, seconds_type, seconds_field},
      {"field seconds", {S, Z}, seconds_type, seconds_field},
      {"field seconds", {S, V}, seconds_type, interval_seconds},
      {"timezone", {S, Z}, wall_reading, wall_in_zone},
      {"timezone", {S, T}, instant, instant_in_zone},
      {"make_date", {I, I, I}, date, date_of_parts},
      {"to_timestamp", {R}, instant, instant_of_seconds},
  };
  return functions;
}

}  // namespace flowrun::expr
