#include "engine/core/time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace flowrun {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads exactly `count` digits at the front of `text` and removes them.
std::optional<unsigned> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  unsigned value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_digit(text[i])) return std::nullopt;
    value = value * 10 + static_cast<unsigned>(text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool valid_date(unsigned year, unsigned month, unsigned day) {
  constexpr std::array<unsigned, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= kDays[month - 1] + (month == 2 && leap ? 1U : 0U);
}

std::optional<std::int64_t> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || !valid_date(*year, *month, *day)) return std::nullopt;
  return days_from_civil(*year, *month, *day);
}

/// Reads ".ffffff" (1-9 digits) into microseconds; 0 where there is none.
std::optional<Micros> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return 0;
  Micros micros = 0;
  std::size_t digits = 0;
  while (!text.empty() && is_digit(text.front()) && digits < 9) {
    if (digits < 6) micros = micros * 10 + (text.front() - '0');
    text.remove_prefix(1);
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  for (std::size_t i = digits; i < 6; ++i) micros *= 10;
  return micros;
}

std::optional<Micros> take_clock(std::string_view& text) {
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  Micros micros = *hour * kHour + *minute * kMinute;
  if (!take(text, ':')) return micros;
  const auto second = take_digits(text, 2);
  if (!second || *second > 59) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  return micros + *second * kSecond + *fraction;
}

std::optional<Micros> take_offset(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return 0;
  const bool negative = text.front() == '-';
  if (!negative && text.front() != '+') return std::nullopt;
  text.remove_prefix(1);
  const auto hours = take_digits(text, 2);
  if (!hours || *hours > 23) return std::nullopt;
  unsigned minutes = 0;
  const bool colon = take(text, ':');
  if (colon || !text.empty()) {
    const auto read = take_digits(text, 2);
    if (!read || *read > 59) return std::nullopt;
    minutes = *read;
  }
  const Micros offset = *hours * kHour + minutes * kMinute;
  return negative ? -offset : offset;
}

struct Unit {
  std::string_view name;
  Micros micros;
};
constexpr std::array<Unit, 8> kUnits{{{"w", 7 * kDay},
                                      {"d", kDay},
                                      {"h", kHour},
                                      {"ms", 1000},
                                      {"min", kMinute},
                                      {"m", kMinute},
                                      {"s", kSecond},
                                      {"us", 1}}};

}  // namespace

CivilDate civil_from_days(std::int64_t days) {
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto doe = static_cast<unsigned>(days - era * 146097);
  const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const unsigned mp = (5 * doy + 2) / 153;
  const unsigned month = mp < 10 ? mp + 3 : mp - 9;
  return {static_cast<std::int64_t>(yoe) + era * 400 + (month <= 2 ? 1 : 0), month,
          doy - (153 * mp + 2) / 5 + 1};
}

std::optional<std::int32_t> parse_date(std::string_view text) {
  const auto days = take_date(text);
  if (!days || !text.empty()) return std::nullopt;
  return static_cast<std::int32_t>(*days);
}

std::optional<ParsedTimestamp> parse_timestamp(std::string_view text) {
  const auto days = take_date(text);
  if (!days) return std::nullopt;
  ParsedTimestamp out{.wall = *days * kDay, .offset = std::nullopt};
  if (text.empty()) return out;
  if (!take(text, 'T') && !take(text, ' ') && !take(text, 't')) return std::nullopt;
  const auto clock = take_clock(text);
  if (!clock) return std::nullopt;
  out.wall += *clock;
  if (text.empty()) return out;
  out.offset = take_offset(text);
  if (!out.offset || !text.empty()) return std::nullopt;
  return out;
}

std::string format_date(std::int32_t days) {
  const auto date = civil_from_days(days);
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::string format_timestamp(Micros wall) {
  const Micros rest = time_of_day(wall);
  auto out =
      fmt::format("{}T{:02}:{:02}:{:02}", format_date(static_cast<std::int32_t>(day_of(wall))),
                  rest / kHour, rest / kMinute % 60, rest / kSecond % 60);
  if (const auto fraction = rest % kSecond; fraction != 0) {
    out += fmt::format(".{:06}", fraction);
    while (out.back() == '0') out.pop_back();
  }
  return out;
}

std::string format_timestamptz(Micros utc) { return format_timestamp(utc) + "Z"; }

std::optional<Micros> parse_duration(std::string_view text) {
  const bool negative = take(text, '-');
  if (text.empty()) return std::nullopt;
  Micros total = 0;
  while (!text.empty()) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || count < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const Unit* found = nullptr;
    for (const auto& unit : kUnits) {
      if (text.substr(0, unit.name.size()) == unit.name) {
        found = &unit;
        break;
      }
    }
    if (found == nullptr) return std::nullopt;
    text.remove_prefix(found->name.size());
    Micros span = 0;
    if (__builtin_mul_overflow(count, found->micros, &span) ||
        __builtin_add_overflow(total, span, &total)) {
      return std::nullopt;
    }
  }
  return negative ? -total : total;
}

std::string format_duration(Micros span) {
  if (span == 0) return "0s";
  std::string out = span < 0 ? "-" : "";
  span = span < 0 ? -span : span;
  constexpr std::array<Unit, 6> kShown{
      {{"d", kDay}, {"h", kHour}, {"m", kMinute}, {"s", kSecond}, {"ms", 1000}, {"us", 1}}};
  for (const auto& unit : kShown) {
    if (const auto count = span / unit.micros; count > 0) {
      out += fmt::format("{}{}", count, unit.name);
      span %= unit.micros;
    }
  }
  return out;
}

std::string format_elapsed(double seconds) {
  if (seconds < 10) return fmt::format("{:.2f} s", seconds);
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto whole = std::llround(seconds);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  while (take(text, ' ')) {
  }
  constexpr std::array<std::pair<std::string_view, double>, 10> kSizes{
      {{"", 1},
       {"B", 1},
       {"KiB", 1024.0},
       {"MiB", 1024.0 * 1024},
       {"GiB", 1024.0 * 1024 * 1024},
       {"TiB", 1024.0 * 1024 * 1024 * 1024},
       {"KB", 1e3},
       {"MB", 1e6},
       {"GB", 1e9},
       {"TB", 1e12}}};
  for (const auto& [name, factor] : kSizes) {
    if (name == text && number * factor < 9e18) return static_cast<std::int64_t>(number * factor);
  }
  return std::nullopt;
}

std::string format_size(std::int64_t bytes) {
  constexpr std::array<std::string_view, 5> kNames{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t name = 0;
  while (value >= 1024 && name + 1 < kNames.size()) {
    value /= 1024;
    ++name;
  }
  const bool whole = value == std::floor(value);
  return whole ? fmt::format("{:.0f} {}", value, kNames[name])
               : fmt::format("{:.1f} {}", value, kNames[name]);
}

Micros snap_down(Micros t, Micros every, Micros align) {
  const Micros offset = t - align;
  const Micros cell = offset / every - (offset % every < 0 ? 1 : 0);
  return align + cell * every;
}

}  // namespace flowrun
