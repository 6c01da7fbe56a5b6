#include "engine/observe/numbers.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>

namespace flowrun {
namespace {

std::string scaled(double number, std::string_view unit) {
  constexpr std::array<std::string_view, 5> kPrefixes{"", "k", "M", "G", "T"};
  std::size_t prefix = 0;
  // 999.5 would print as "1000": what counts is the number as it will be rounded.
  while (std::abs(number) >= 999.5 && prefix + 1 < kPrefixes.size()) {
    number /= 1000;
    ++prefix;
  }
  const int digits =
      prefix == 0 || std::abs(number) >= 99.95 ? 0 : (std::abs(number) >= 9.995 ? 1 : 2);
  auto out = fmt::format("{:.{}f}", number, digits);
  if (prefix > 0 || !unit.empty()) out += fmt::format(" {}{}", kPrefixes[prefix], unit);
  return out;
}

}  // namespace

std::string with_commas(std::int64_t number) {
  auto digits = fmt::format("{}", number);
  const std::size_t sign = number < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > sign + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string short_count(double number) { return scaled(number, ""); }

std::string short_bytes(double bytes) { return scaled(bytes, "B"); }

std::string percent(double share) {
  if (share > 0 && share < 0.005) return "<1 %";
  return fmt::format("{:.0f} %", share * 100);
}

std::string counted(std::int64_t number, const std::string& noun) {
  return with_commas(number) + " " + noun + (number == 1 ? "" : "s");
}

}  // namespace flowrun
