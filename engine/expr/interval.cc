#include "engine/expr/interval.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace flowrun::expr {
namespace {

struct UnitName {
  std::string_view name;
  int months;
  int days;
  Micros micros;
};

constexpr std::array<UnitName, 33> kUnits{{
    {"us", 0, 0, 1},
    {"microsecond", 0, 0, 1},
    {"microseconds", 0, 0, 1},
    {"ms", 0, 0, 1000},
    {"millisecond", 0, 0, 1000},
    {"milliseconds", 0, 0, 1000},
    {"s", 0, 0, kSecond},
    {"sec", 0, 0, kSecond},
    {"secs", 0, 0, kSecond},
    {"second", 0, 0, kSecond},
    {"seconds", 0, 0, kSecond},
    {"m", 0, 0, kMinute},
    {"min", 0, 0, kMinute},
    {"mins", 0, 0, kMinute},
    {"minute", 0, 0, kMinute},
    {"minutes", 0, 0, kMinute},
    {"h", 0, 0, kHour},
    {"hr", 0, 0, kHour},
    {"hrs", 0, 0, kHour},
    {"hour", 0, 0, kHour},
    {"hours", 0, 0, kHour},
    {"d", 0, 1, 0},
    {"day", 0, 1, 0},
    {"days", 0, 1, 0},
    {"w", 0, 7, 0},
    {"week", 0, 7, 0},
    {"weeks", 0, 7, 0},
    {"mon", 1, 0, 0},
    {"mons", 1, 0, 0},
    {"month", 1, 0, 0},
    {"months", 1, 0, 0},
    {"year", 12, 0, 0},
    {"years", 12, 0, 0},
}};

const UnitName* find_unit(std::string_view name) {
  const auto* found = std::find_if(kUnits.begin(), kUnits.end(),
                                   [&](const UnitName& unit) { return unit.name == name; });
  return found == kUnits.end() ? nullptr : found;
}

bool add_part(double amount, const UnitName& unit, Interval128& out) {
  Interval128 part;
  const Interval128 one{unit.months, unit.days, unit.micros};
  return scale_interval(one, amount, part) && add_intervals(out, part, out);
}

/// "[-]HH:MM[:SS[.f]]".
bool add_clock(std::string_view text, Interval128& out) {
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  double parts[3] = {0, 0, 0};
  int count = 0;
  while (true) {
    const auto colon = text.find(':');
    const auto piece = text.substr(0, colon);
    const auto [end, failed] = std::from_chars(piece.data(), piece.data() + piece.size(),
                                               parts[count], std::chars_format::fixed);
    if (piece.empty() || piece.front() == '-' || failed != std::errc() ||
        end != piece.data() + piece.size())
      return false;
    ++count;
    if (colon == std::string_view::npos) break;
    if (count == 3) return false;
    text.remove_prefix(colon + 1);
  }
  if (count < 2 || parts[1] >= 60 || parts[2] >= 61 || parts[0] > 1e9) return false;
  const auto micros = static_cast<Micros>(parts[0]) * kHour +
                      static_cast<Micros>(parts[1]) * kMinute + std::llround(parts[2] * 1e6);
  return add_intervals(out, {0, 0, negative ? -micros : micros}, out);
}

/// ISO 8601: "P1Y2M3DT4H5M6.5S", behind the P.
bool add_iso(std::string_view text, Interval128& out) {
  bool time = false;
  bool any = false;
  while (!text.empty()) {
    if (text.front() == 'T' && !time) {
      time = true;
      text.remove_prefix(1);
      continue;
    }
    double amount = 0;
    const auto [end, failed] =
        std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
    if (failed != std::errc() || end == text.data() + text.size()) return false;
    const char unit = *end;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
    const auto name = time ? (unit == 'H'   ? "h"
                              : unit == 'M' ? "m"
                              : unit == 'S' ? "s"
                                            : "")
                           : (unit == 'Y'   ? "year"
                              : unit == 'M' ? "mon"
                              : unit == 'W' ? "w"
                              : unit == 'D' ? "d"
                                            : "");
    const auto* found = find_unit(name);
    if (found == nullptr || !add_part(amount, *found, out)) return false;
    any = true;
  }
  return any;
}

bool fits_int32(double value) {
  return value > std::numeric_limits<std::int32_t>::min() &&
         value <= std::numeric_limits<std::int32_t>::max();
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(std::exchange(word, {}));
  };
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == '\n';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool after_letter = !word.empty() && word.back() >= 'a' && word.back() <= 'z';
    if (blank || (!word.empty() && letter != after_letter)) end_word();
    if (!blank) word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  end_word();
  return words;
}

}  // namespace

std::optional<Interval128> parse_interval(std::string_view text) {
  Interval128 out;
  if (!text.empty() && text.front() == 'P') {
    return add_iso(text.substr(1), out) ? std::optional(out) : std::nullopt;
  }
  auto words = words_of(text);
  const bool ago = !words.empty() && words.back() == "ago";
  if (ago) words.pop_back();
  if (words.empty()) return std::nullopt;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].find(':') != std::string::npos) {
      if (!add_clock(words[i], out)) return std::nullopt;
      continue;
    }
    double amount = 0;
    const auto* from = words[i].data() + (words[i].front() == '+' ? 1 : 0);
    const auto* to = words[i].data() + words[i].size();
    const auto [end, failed] = std::from_chars(from, to, amount);
    if (failed != std::errc() || end != to) return std::nullopt;
    // A number alone at the end is seconds.
    const std::string name = i + 1 < words.size() ? words[++i] : "s";
    const auto* unit = find_unit(name);
    if (unit == nullptr || !add_part(amount, *unit, out)) return std::nullopt;
  }
  return ago ? negated(out) : out;
}

std::string format_interval(const Interval128& value) {
  std::string out;
  const auto put = [&](std::int64_t amount, const char* one, const char* many) {
    if (amount == 0) return;
    out += fmt::format("{}{} {}", out.empty() ? "" : " ", amount, amount == 1 ? one : many);
  };
  put(value.months / 12, "year", "years");
  put(value.months % 12, "mon", "mons");
  put(value.days, "day", "days");
  if (value.micros == 0 && !out.empty()) return out;
  const auto size = value.micros < 0 ? 0 - static_cast<std::uint64_t>(value.micros)
                                     : static_cast<std::uint64_t>(value.micros);
  const auto seconds = size / kSecond;
  out += fmt::format("{}{}{:02}:{:02}:{:02}", out.empty() ? "" : " ", value.micros < 0 ? "-" : "",
                     seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (const auto rest = size % kSecond; rest != 0) {
    auto fraction = fmt::format(".{:06}", rest);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    out += fraction;
  }
  return out;
}

bool add_intervals(const Interval128& a, const Interval128& b, Interval128& out) {
  return !__builtin_add_overflow(a.months, b.months, &out.months) &&
         !__builtin_add_overflow(a.days, b.days, &out.days) &&
         !__builtin_add_overflow(a.micros, b.micros, &out.micros) &&
         out.months != std::numeric_limits<std::int32_t>::min() &&
         out.days != std::numeric_limits<std::int32_t>::min() &&
         out.micros != std::numeric_limits<Micros>::min();
}

Interval128 negated(const Interval128& value) {
  return {-value.months, -value.days, -value.micros};
}

bool scale_interval(const Interval128& value, double factor, Interval128& out) {
  const double months = value.months * factor;
  if (!std::isfinite(factor) || !fits_int32(months)) return false;
  const double whole_months = std::trunc(months);
  double days = value.days * factor;
  double broken_days = (months - whole_months) * 30;
  // Rounded to the microsecond first, so that 0.1 of something does not lose one.
  broken_days = std::round(broken_days * static_cast<double>(kDay)) / static_cast<double>(kDay);
  const double whole_days = std::trunc(days) + std::trunc(broken_days);
  if (!fits_int32(whole_days)) return false;
  const double rest = (days - std::trunc(days) + broken_days - std::trunc(broken_days)) *
                          static_cast<double>(kDay) +
                      static_cast<double>(value.micros) * factor;
  if (std::fabs(rest) >= 9.2e18) return false;
  out = {static_cast<std::int32_t>(whole_months), static_cast<std::int32_t>(whole_days),
         std::llrint(rest)};
  return true;
}

bool add_to_wall(Micros wall, const Interval128& value, Micros& out) {
  auto days = day_of(wall);
  const auto time = time_of_day(wall);
  if (value.months != 0) {
    const auto civil = civil_from_days(days);
    const auto month = civil.year * 12 + (civil.month - 1) + value.months;
    const auto year = month >= 0 ? month / 12 : (month - 11) / 12;
    const auto in_year = static_cast<unsigned>(month - year * 12) + 1;
    const auto first = days_from_civil(year, in_year, 1);
    const auto next =
        in_year == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, in_year + 1, 1);
    days = std::min<std::int64_t>(first + civil.day - 1, next - 1);
  }
  days += value.days;
  Micros of_days = 0;
  return !__builtin_mul_overflow(days, kDay, &of_days) &&
         !__builtin_add_overflow(of_days, time, &out) &&
         !__builtin_add_overflow(out, value.micros, &out);
}

}  // namespace flowrun::expr
