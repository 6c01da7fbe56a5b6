#include "nodes/transforms/aggregate_exact.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace flowrun::nodes {
namespace {

constexpr int kRoomBelow = 20;  // bits that a window leaves for values smaller than its first

UInt128 size_of(Int128 value) {
  return value < 0 ? -static_cast<UInt128>(value) : static_cast<UInt128>(value);
}

int bits_of(UInt128 value) {
  const auto high = static_cast<std::uint64_t>(value >> 64U);
  const auto low = static_cast<std::uint64_t>(value);
  return static_cast<int>(high != 0 ? 64 + std::bit_width(high) : std::bit_width(low));
}

/// a / 64, downwards.
int words_in(int bits) { return bits >> 6; }

/// Adds `term` and `carry` to `word`; the new carry.
std::uint64_t add_word(std::uint64_t& word, std::uint64_t term, std::uint64_t carry) {
  const auto sum = static_cast<UInt128>(word) + term + carry;
  word = static_cast<std::uint64_t>(sum);
  return static_cast<std::uint64_t>(sum >> 64U);
}

/// Word `power` of a number; 0 beyond its ends.
std::uint64_t word_at(const BigNumber& value, int power) {
  const auto i = power - value.low;
  return i < 0 || i >= static_cast<int>(value.words.size())
             ? 0
             : value.words[static_cast<std::size_t>(i)];
}

/// Which of two numbers is farther from 0.
bool is_smaller(const BigNumber& a, const BigNumber& b) {
  const auto top = [](const BigNumber& x) { return x.low + static_cast<int>(x.words.size()); };
  for (auto power = std::max(top(a), top(b)) - 1; power >= std::min(a.low, b.low); --power) {
    if (word_at(a, power) != word_at(b, power)) return word_at(a, power) < word_at(b, power);
  }
  return false;
}

}  // namespace

void BigNumber::trim() {
  while (!words.empty() && words.back() == 0) words.pop_back();
  const auto first = std::find_if(words.begin(), words.end(), [](auto word) { return word != 0; });
  low += static_cast<int>(first - words.begin());
  words.erase(words.begin(), first);
  if (words.empty()) *this = BigNumber();
}

BigNumber BigNumber::of(Int128 value, int exponent) {
  const auto low = words_in(exponent);
  const auto shift = static_cast<unsigned>(exponent - low * 64);
  const auto size = size_of(value);
  const auto bits = size << shift;
  const auto beyond = shift == 0 ? 0 : static_cast<std::uint64_t>(size >> (128U - shift));
  BigNumber out{
      value < 0,
      low,
      {static_cast<std::uint64_t>(bits), static_cast<std::uint64_t>(bits >> 64U), beyond}};
  out.trim();
  return out;
}

BigNumber operator-(BigNumber a) {
  a.negative = !a.negative && !a.is_zero();
  return a;
}

BigNumber operator+(const BigNumber& a, const BigNumber& b) {
  if (a.is_zero()) return b;
  if (b.is_zero()) return a;
  if (is_smaller(a, b)) return b + a;
  const bool subtract = a.negative != b.negative;
  BigNumber out{a.negative, std::min(a.low, b.low), {}};
  const auto top = a.low + static_cast<int>(a.words.size());
  const auto end = std::max(top, b.low + static_cast<int>(b.words.size()));
  // What is taken off is added as its complement; the carry out of the top is the borrow paid back.
  std::uint64_t carry = subtract ? 1 : 0;
  for (auto power = out.low; power < end; ++power) {
    auto word = word_at(a, power);
    const auto term = word_at(b, power);
    carry = add_word(word, subtract ? ~term : term, carry);
    out.words.push_back(word);
  }
  if (!subtract) out.words.push_back(carry);
  out.trim();
  return out;
}

BigNumber operator*(const BigNumber& a, const BigNumber& b) {
  BigNumber out{a.negative != b.negative, a.low + b.low, {}};
  out.words.resize(a.words.size() + b.words.size());
  for (std::size_t i = 0; i < a.words.size(); ++i) {
    std::uint64_t carry = 0;
    for (std::size_t j = 0; j < b.words.size(); ++j) {
      const auto product = static_cast<UInt128>(a.words[i]) * b.words[j] + out.words[i + j] + carry;
      out.words[i + j] = static_cast<std::uint64_t>(product);
      carry = static_cast<std::uint64_t>(product >> 64U);
    }
    out.words[i + b.words.size()] = carry;
  }
  out.trim();
  return out;
}

ScaledDouble rounded(const BigNumber& value) {
  if (value.is_zero()) return {};
  const auto top = value.low + static_cast<int>(value.words.size()) - 1;
  UInt128 head = static_cast<UInt128>(word_at(value, top)) << 64U | word_at(value, top - 1);
  const auto spare = static_cast<unsigned>(128 - bits_of(head));
  auto tail = word_at(value, top - 2);
  if (spare != 0) {
    head = head << spare | tail >> (64U - spare);
    tail <<= spare;
  }
  // Any bit that is left out counts only in that it is there: the conversion rounds to even.
  if (tail != 0 || top - 2 > value.low) head |= 1U;
  const auto mantissa = static_cast<double>(head);
  return {value.negative ? -mantissa : mantissa, (top - 1) * 64 - static_cast<int>(spare)};
}

void WideSum::add(Int128 value, int exponent) {
  const auto power = words_in(exponent);
  const auto shift = static_cast<unsigned>(exponent - power * 64);
  const auto bits = static_cast<UInt128>(value) << shift;
  const auto sign = static_cast<std::uint64_t>(value < 0 ? -1 : 0);
  const auto beyond = shift == 0 ? sign : static_cast<std::uint64_t>(value >> (128U - shift));
  auto at = static_cast<std::size_t>(power - kLowest);
  auto carry = add_word(words_.at(at), static_cast<std::uint64_t>(bits), 0);
  carry = add_word(words_.at(at + 1), static_cast<std::uint64_t>(bits >> 64U), carry);
  carry = add_word(words_.at(at + 2), beyond, carry);
  for (at += 3; at < words_.size(); ++at) carry = add_word(words_[at], sign, carry);
}

void WideSum::add(const WideSum& other) {
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < words_.size(); ++i)
    carry = add_word(words_[i], other.words_[i], carry);
}

BigNumber WideSum::value() const {
  const bool negative = words_.back() >> 63U != 0;
  BigNumber out{negative, kLowest, {words_.begin(), words_.end()}};
  std::uint64_t carry = 1;
  for (auto& word : out.words) {
    if (!negative) break;
    const auto flipped = ~word;
    word = 0;
    carry = add_word(word, flipped, carry);
  }
  out.trim();
  return out;
}

WideSum& ExactSum::own(WideSums& wide) {
  if (wide_ == 0) {
    wide.emplace_back();
    wide_ = static_cast<std::uint32_t>(wide.size());
  }
  return wide[wide_ - 1];
}

/// Moves the window so that a value falls into it, where nothing is lost by that; adds the value
/// then.
bool ExactSum::fits_after_moving(Int128 value, int exponent) {
  const auto size = bits_of(size_of(value));
  const auto held = bits_of(size_of(window()));
  if (held == 0) {
    base_ = static_cast<std::int16_t>(exponent - std::clamp(120 - size, 0, kRoomBelow));
  } else if (exponent < base_) {
    const auto down = base_ - exponent + std::clamp(120 - held - (base_ - exponent), 0, 8);
    if (held + down > 125) return false;
    set_window(window() * (Int128{1} << down));
    base_ = static_cast<std::int16_t>(base_ - down);
  }
  const auto shift = exponent - base_;
  Int128 sum = 0;
  if (size + shift > 126 || __builtin_add_overflow(window(), value * (Int128{1} << shift), &sum)) {
    return false;
  }
  set_window(sum);
  return true;
}

void ExactSum::add_misfit(Int128 value, int exponent, WideSums& wide) {
  if (value == 0 || fits_after_moving(value, exponent)) return;
  own(wide).add(value, exponent);
  // A window that is nearly full would send every further value the long way.
  if (bits_of(size_of(window())) > 120) {
    own(wide).add(window(), base_);
    set_window(0);
  }
}

void ExactSum::add_special(double value) {
  const auto kind = std::isnan(value) ? kNan : value > 0 ? kInfinity : kMinusInfinity;
  specials_ = static_cast<std::uint8_t>(specials_ | kind);
}

double ExactSum::special() const {
  if (specials_ == 0) return 0;
  if (specials_ == kInfinity) return std::numeric_limits<double>::infinity();
  if (specials_ == kMinusInfinity) return -std::numeric_limits<double>::infinity();
  return std::numeric_limits<double>::quiet_NaN();
}

void ExactSum::add_square(double value, ExactSum& low, ExactSum& high, WideSums& wide) {
  const auto parts = parts_of(value);
  if (parts.exponent == kNotFinite) return;
  const auto square = static_cast<UInt128>(parts.magnitude) * parts.magnitude;
  constexpr auto kLow = (std::uint64_t{1} << 53U) - 1;
  low.add(static_cast<std::uint64_t>(square) & kLow, 2 * parts.exponent, false, wide);
  high.add(static_cast<std::uint64_t>(square >> 53U), 2 * parts.exponent, false, wide);
}

void ExactSum::add(const ExactSum& other, const WideSums& others, WideSums& wide) {
  specials_ = static_cast<std::uint8_t>(specials_ | other.specials_);
  if (other.wide_ != 0) own(wide).add(others[other.wide_ - 1]);
  add_misfit(other.window(), other.base_, wide);
}

BigNumber ExactSum::value(const WideSums& wide) const {
  const auto near = BigNumber::of(window(), base_);
  return wide_ == 0 ? near : near + wide[wide_ - 1].value();
}

ScaledDouble ExactSum::rounded_value(const WideSums& wide) const {
  if (wide_ != 0) return rounded(value(wide));
  return {static_cast<double>(window()), base_};
}

}  // namespace flowrun::nodes
