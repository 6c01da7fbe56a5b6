// Sums that lose nothing: the order of the values has no say in them.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "engine/data/type.h"

namespace flowrun::nodes {

/// A whole number of any length times a power of two.
struct BigNumber {
  bool negative = false;
  int low = 0;                       ///< the value is sum of words[i] * 2^(64 * (low + i))
  std::vector<std::uint64_t> words;  ///< without zero words at either end

  /// value * 2^exponent
  [[nodiscard]] static BigNumber of(Int128 value, int exponent);
  [[nodiscard]] bool is_zero() const { return words.empty(); }
  void trim();
};
[[nodiscard]] BigNumber operator+(const BigNumber& a, const BigNumber& b);
[[nodiscard]] BigNumber operator*(const BigNumber& a, const BigNumber& b);
[[nodiscard]] BigNumber operator-(BigNumber a);

/// A double that stands for mantissa * 2^exponent, where the result may leave a double's range.
struct ScaledDouble {
  double mantissa = 0;
  int exponent = 0;
};
/// The nearest one.
[[nodiscard]] ScaledDouble rounded(const BigNumber& value);

/// Room for any sum of up to 2^63 doubles or squares of doubles, as one long two's complement
/// number.
class WideSum {
 public:
  /// Adds value * 2^exponent.
  void add(Int128 value, int exponent);
  void add(const WideSum& other);
  [[nodiscard]] BigNumber value() const;

 private:
  /// The first word's power of 2^64. The last bit of the smallest square is 2^-2148, and a window
  /// may start some bits below.
  static constexpr int kLowest = -35;
  std::array<std::uint64_t, 70> words_{};
};
/// The wide sums of a column of groups. Used by one thread.
using WideSums = std::vector<WideSum>;

/// An exact sum in 24 bytes: a window of 128 bits that starts where the values do. What does not
/// fall into it (values 2^60 apart in one group) goes to a wide sum of the group's own.
class ExactSum {
 public:
  /// Adds magnitude * 2^exponent, or takes it off.
  void add(std::uint64_t magnitude, int exponent, bool negative, WideSums& wide) {
    const auto shift = static_cast<unsigned>(exponent - base_);
    if (shift <= kMostShift) [[likely]] {
      const auto size = static_cast<Int128>(static_cast<UInt128>(magnitude) << shift);
      Int128 sum = 0;
      if (!__builtin_add_overflow(window(), negative ? -size : size, &sum)) [[likely]] {
        return set_window(sum);
      }
    }
    add_misfit(negative ? -Int128{magnitude} : Int128{magnitude}, exponent, wide);
  }
  /// Adds a double; nan and the infinities are remembered apart.
  void add(double value, WideSums& wide) {
    const auto parts = parts_of(value);
    if (parts.exponent == kNotFinite) [[unlikely]]
      return add_special(value);
    add(parts.magnitude, parts.exponent, std::bit_cast<std::uint64_t>(value) >> 63U != 0, wide);
  }
  /// Adds the square of a finite double (nothing for another) to the sum low + high * 2^53 (two
  /// sums hold it: its 106 bits would leave a window no room).
  static void add_square(double value, ExactSum& low, ExactSum& high, WideSums& wide);
  void add(const ExactSum& other, const WideSums& others, WideSums& wide);

  /// nan, or an infinity, where such a value was added; else 0.
  [[nodiscard]] double special() const;
  [[nodiscard]] BigNumber value(const WideSums& wide) const;
  [[nodiscard]] ScaledDouble rounded_value(const WideSums& wide) const;

 private:
  static constexpr std::uint64_t kFraction = (std::uint64_t{1} << 52U) - 1;
  static constexpr int kNotFinite = 0x7FF - 1075;
  static constexpr unsigned kMostShift = 62;  ///< 64 bits and a sign fit behind it
  enum Special : std::uint8_t { kNan = 1, kInfinity = 2, kMinusInfinity = 4 };

  struct Parts {
    std::uint64_t magnitude;
    int exponent;
  };
  /// The size of a double as magnitude * 2^exponent.
  static Parts parts_of(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const auto power = static_cast<int>(bits >> 52U & 0x7FFU);
    // A power of 0 is that of 1, without the leading bit.
    return power == 0 ? Parts{bits & kFraction, 1 - 1075}
                      : Parts{(bits & kFraction) | (kFraction + 1), power - 1075};
  }
  [[nodiscard]] Int128 window() const {
    return static_cast<Int128>(static_cast<UInt128>(high_) << 64U | low_);
  }
  void set_window(Int128 value) {
    low_ = static_cast<std::uint64_t>(value);
    high_ = static_cast<std::uint64_t>(static_cast<UInt128>(value) >> 64U);
  }
  void add_misfit(Int128 value, int exponent, WideSums& wide);
  [[nodiscard]] bool fits_after_moving(Int128 value, int exponent);
  void add_special(double value);
  [[nodiscard]] WideSum& own(WideSums& wide);

  std::uint64_t low_ = 0;
  std::uint64_t high_ = 0;
  std::int16_t base_ = 0;      ///< the window counts in units of 2^base
  std::uint8_t specials_ = 0;  ///< bits of Special
  std::uint32_t wide_ = 0;     ///< place among the wide sums, from 1; 0: none
};
static_assert(sizeof(ExactSum) == 24);

}  // namespace flowrun::nodes
