#include "engine/expr/time_parts.h"

#include <array>
#include <string>
#include <utility>

namespace flowrun::expr {
namespace {

constexpr std::array<std::pair<std::string_view, TimeUnit>, 35> kNames{{
    {"microsecond", TimeUnit::microseconds},
    {"microseconds", TimeUnit::microseconds},
    {"millisecond", TimeUnit::milliseconds},
    {"milliseconds", TimeUnit::milliseconds},
    {"second", TimeUnit::second},
    {"seconds", TimeUnit::second},
    {"minute", TimeUnit::minute},
    {"minutes", TimeUnit::minute},
    {"hour", TimeUnit::hour},
    {"hours", TimeUnit::hour},
    {"day", TimeUnit::day},
    {"days", TimeUnit::day},
    {"week", TimeUnit::week},
    {"weeks", TimeUnit::week},
    {"month", TimeUnit::month},
    {"months", TimeUnit::month},
    {"mon", TimeUnit::month},
    {"mons", TimeUnit::month},
    {"quarter", TimeUnit::quarter},
    {"quarters", TimeUnit::quarter},
    {"year", TimeUnit::year},
    {"years", TimeUnit::year},
    {"decade", TimeUnit::decade},
    {"decades", TimeUnit::decade},
    {"century", TimeUnit::century},
    {"centuries", TimeUnit::century},
    {"millennium", TimeUnit::millennium},
    {"millennia", TimeUnit::millennium},
    {"epoch", TimeUnit::epoch},
    {"dow", TimeUnit::dow},
    {"isodow", TimeUnit::isodow},
    {"doy", TimeUnit::doy},
    {"isoyear", TimeUnit::isoyear},
    {"min", TimeUnit::minute},
    {"sec", TimeUnit::second},
}};

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// Monday is 0. 1970-01-01 was a Thursday.
std::int64_t weekday(std::int64_t days) { return ((days + 3) % 7 + 7) % 7; }

/// The first year of a century or millennium begins at 1: 2000 is the last of the 20th.
std::int64_t first_of(std::int64_t year, std::int64_t length) {
  return floor_div(year - 1, length) * length + 1;
}

// False where what is asked for is out of range.
bool floor_to(Micros wall, Micros unit, Micros& out) {
  const auto rest = wall % unit + (wall % unit < 0 ? unit : 0);
  return !__builtin_sub_overflow(wall, rest, &out);
}
bool midnight_of(std::int64_t day, Micros& out) { return !__builtin_mul_overflow(day, kDay, &out); }
bool start_of(std::int64_t year, unsigned month, Micros& out) {
  return midnight_of(days_from_civil(year, month, 1), out);
}

struct IsoWeek {
  std::int64_t year;
  std::int64_t week;
};

/// A week belongs to the year of its Thursday.
IsoWeek iso_week(std::int64_t days) {
  const auto thursday = days - weekday(days) + 3;
  const auto year = civil_from_days(thursday).year;
  return {year, (thursday - days_from_civil(year, 1, 1)) / 7 + 1};
}

std::int64_t century_of(std::int64_t year, std::int64_t length) {
  return year > 0 ? (year + length - 1) / length : -((-year + length) / length);
}

}  // namespace

std::optional<TimeUnit> time_unit(std::string_view name) {
  std::string lower(name);
  for (auto& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const auto& [known, unit] : kNames) {
    if (known == lower) return unit;
  }
  return std::nullopt;
}

bool truncates(TimeUnit unit) { return unit < TimeUnit::epoch; }

bool has_fraction(TimeUnit unit) { return unit == TimeUnit::second || unit == TimeUnit::epoch; }

bool truncate_wall(Micros wall, TimeUnit unit, Micros& out) {
  const auto days = day_of(wall);
  const auto date = civil_from_days(days);
  switch (unit) {
    case TimeUnit::milliseconds:
      return floor_to(wall, 1000, out);
    case TimeUnit::second:
      return floor_to(wall, kSecond, out);
    case TimeUnit::minute:
      return floor_to(wall, kMinute, out);
    case TimeUnit::hour:
      return floor_to(wall, kHour, out);
    case TimeUnit::day:
      return floor_to(wall, kDay, out);
    case TimeUnit::week:
      return midnight_of(days - weekday(days), out);
    case TimeUnit::month:
      return start_of(date.year, date.month, out);
    case TimeUnit::quarter:
      return start_of(date.year, (date.month - 1) / 3 * 3 + 1, out);
    case TimeUnit::year:
      return start_of(date.year, 1, out);
    case TimeUnit::decade:
      return start_of(floor_div(date.year, 10) * 10, 1, out);
    case TimeUnit::century:
      return start_of(first_of(date.year, 100), 1, out);
    case TimeUnit::millennium:
      return start_of(first_of(date.year, 1000), 1, out);
    default:
      out = wall;
      return true;
  }
}

std::int64_t field_of(Micros wall, TimeUnit unit) {
  const auto days = day_of(wall);
  const auto time = time_of_day(wall);
  const auto date = civil_from_days(days);
  switch (unit) {
    case TimeUnit::microseconds:
      return time % kMinute;
    case TimeUnit::milliseconds:
      return time % kMinute / 1000;
    case TimeUnit::second:
      return time % kMinute;
    case TimeUnit::minute:
      return time / kMinute % 60;
    case TimeUnit::hour:
      return time / kHour;
    case TimeUnit::day:
      return date.day;
    case TimeUnit::week:
      return iso_week(days).week;
    case TimeUnit::month:
      return date.month;
    case TimeUnit::quarter:
      return (date.month - 1) / 3 + 1;
    case TimeUnit::year:
      return date.year > 0 ? date.year : date.year - 1;  // there was no year 0
    case TimeUnit::decade:
      return floor_div(date.year, 10);
    case TimeUnit::century:
      return century_of(date.year, 100);
    case TimeUnit::millennium:
      return century_of(date.year, 1000);
    case TimeUnit::epoch:
      return wall;
    case TimeUnit::dow:
      return (weekday(days) + 1) % 7;
    case TimeUnit::isodow:
      return weekday(days) + 1;
    case TimeUnit::doy:
      return days - days_from_civil(date.year, 1, 1) + 1;
    case TimeUnit::isoyear:
      return iso_week(days).year;
  }
  return 0;
}

bool interval_field(const Interval128& value, TimeUnit unit, std::int64_t& out) {
  switch (unit) {
    case TimeUnit::microseconds:
      out = value.micros % kMinute;
      return true;
    case TimeUnit::milliseconds:
      out = value.micros % kMinute / 1000;
      return true;
    case TimeUnit::minute:
      out = value.micros / kMinute % 60;
      return true;
    case TimeUnit::hour:
      out = value.micros / kHour;
      return true;
    case TimeUnit::day:
      out = value.days;
      return true;
    case TimeUnit::month:
      out = value.months % 12;
      return true;
    case TimeUnit::quarter:
      out = value.months % 12 / 3 + 1;
      return true;
    case TimeUnit::year:
      out = value.months / 12;
      return true;
    default:
      return false;
  }
}

Int128 interval_seconds_of(const Interval128& value, TimeUnit unit) {
  if (unit == TimeUnit::second) return value.micros % kMinute;
  constexpr Micros kYear = kDay * 1461 / 4;
  return Int128{value.months / 12} * kYear + Int128{value.months % 12} * 30 * kDay +
         Int128{value.days} * kDay + value.micros;
}

}  // namespace flowrun::expr
