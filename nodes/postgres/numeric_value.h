// Values of the server's type numeric in their binary form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/data/type.h"

namespace flowrun::postgres {

/// A numeric as it comes (src/backend/utils/adt/numeric.c, numeric_send): digits to the base 10000.
class NumericValue {
 public:
  /// Nothing where the bytes are no numeric.
  [[nodiscard]] static std::optional<NumericValue> read(std::string_view bytes);

  /// NaN or an infinity.
  [[nodiscard]] bool is_special() const {
    return sign_ == kNan || sign_ == kPlus || sign_ == kMinus;
  }
  /// The unscaled value at `scale`; nothing where it has more decimals (zeros aside) or more than
  /// `precision` digits, and for what is special.
  [[nodiscard]] std::optional<Int128> unscaled(int precision, int scale) const;
  /// The nearest double; nothing where it is too large for one.
  [[nodiscard]] std::optional<double> real() const;
  /// For people, as the server writes it.
  [[nodiscard]] std::string shown() const;

 private:
  static constexpr std::uint16_t kNegative = 0x4000;
  static constexpr std::uint16_t kNan = 0xC000;
  static constexpr std::uint16_t kPlus = 0xD000;
  static constexpr std::uint16_t kMinus = 0xF000;

  [[nodiscard]] int digit(int i) const;

  int digits_ = 0;
  int weight_ = 0;  ///< the first digit counts 10000^weight
  std::uint16_t sign_ = 0;
  int scale_ = 0;
  std::string_view text_;  ///< the digits, two bytes each
};

}  // namespace flowrun::postgres
