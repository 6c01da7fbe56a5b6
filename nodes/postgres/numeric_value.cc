#include "nodes/postgres/numeric_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "engine/data/text.h"
#include "nodes/postgres/big_endian.h"

namespace flowrun::postgres {
namespace {

constexpr std::size_t kHead = 8;
constexpr int kBase = 10'000;
constexpr int kDigitsPerWord = 4;

constexpr Int128 power_of_ten(int exponent) {
  Int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

}  // namespace

int NumericValue::digit(int i) const {
  return load_big_endian<std::int16_t>(text_.data() + std::ptrdiff_t{2} * i);
}

std::optional<NumericValue> NumericValue::read(std::string_view bytes) {
  if (bytes.size() < kHead) return std::nullopt;
  NumericValue value;
  value.digits_ = load_big_endian<std::int16_t>(bytes.data());
  value.weight_ = load_big_endian<std::int16_t>(bytes.data() + 2);
  value.sign_ = load_big_endian<std::uint16_t>(bytes.data() + 4);
  value.scale_ = load_big_endian<std::int16_t>(bytes.data() + 6);
  value.text_ = bytes.substr(kHead);
  if (value.digits_ < 0 || value.scale_ < 0) return std::nullopt;
  if (value.text_.size() != 2 * static_cast<std::size_t>(value.digits_)) return std::nullopt;
  if (value.sign_ != 0 && value.sign_ != kNegative && !value.is_special()) return std::nullopt;
  for (int i = 0; i < value.digits_; ++i) {
    if (value.digit(i) < 0 || value.digit(i) >= kBase) return std::nullopt;
  }
  return value;
}

std::optional<Int128> NumericValue::unscaled(int precision, int scale) const {
  if (is_special()) return std::nullopt;
  const auto limit = power_of_ten(precision);
  Int128 value = 0;
  int exponent = 0;  // of ten, of the last digit that was taken, at `scale`
  bool any = false;
  for (int i = 0; i < digits_; ++i) {
    auto word = digit(i);
    exponent = (weight_ - i) * kDigitsPerWord + scale;
    auto base = kBase;
    // The word that the scale goes through counts with its front alone.
    for (; exponent < 0 && base > 1; ++exponent) {
      if (word % 10 != 0) return std::nullopt;
      word /= 10;
      base /= 10;
    }
    if (exponent < 0 && word != 0) return std::nullopt;
    if (!any && word == 0) continue;
    any = true;
    if (value > limit / base) return std::nullopt;
    value = value * base + word;
    if (value >= limit) return std::nullopt;
  }
  for (; any && exponent > 0; --exponent) {
    if (value > limit / 10) return std::nullopt;
    value *= 10;
    if (value >= limit) return std::nullopt;
  }
  return sign_ == kNegative ? -value : value;
}

std::optional<double> NumericValue::real() const {
  if (is_special()) return parse_float64(shown());
  constexpr int kExactDigits = 15;
  constexpr int kExactScale = 22;
  if (scale_ <= kExactScale) {
    if (const auto exact = unscaled(kExactDigits, scale_)) {
      // Both are doubles exactly, so that the quotient is the nearest one.
      return static_cast<double>(*exact) / static_cast<double>(power_of_ten(scale_));
    }
  }
  std::string text = sign_ == kNegative ? "-0" : "0";
  for (int i = 0; i < digits_; ++i) fmt::format_to(std::back_inserter(text), "{:04}", digit(i));
  text += fmt::format("e{}", (weight_ - digits_ + 1) * kDigitsPerWord);
  return parse_float64(text);
}

std::string NumericValue::shown() const {
  if (sign_ == kNan) return "NaN";
  if (sign_ == kPlus) return "Infinity";
  if (sign_ == kMinus) return "-Infinity";
  std::string whole;
  std::string fraction;
  for (int place = std::max(weight_, 0); place * kDigitsPerWord > -scale_ - kDigitsPerWord;
       --place) {
    const int i = weight_ - place;
    const int word = i >= 0 && i < digits_ ? digit(i) : 0;
    fmt::format_to(std::back_inserter(place >= 0 ? whole : fraction), "{:04}", word);
  }
  fraction.resize(static_cast<std::size_t>(scale_), '0');
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
  return (sign_ == kNegative ? "-" : "") + whole + (fraction.empty() ? "" : "." + fraction);
}

}  // namespace flowrun::postgres
