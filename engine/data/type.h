// The types of columns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flowrun {

/// How a value is laid out (Arrow's physical type in brackets):
/// boolean (bitmap), int64, float64, decimal (decimal128), string (utf8, int32 offsets; or
/// dictionary-encoded, see Column::dictionary), date (date32, days), timestamp (µs, naive: a
/// wall-clock reading), timestamptz (µs, UTC), bytes (binary, int32 offsets).
enum class TypeId : std::uint8_t {
  boolean,
  int64,
  float64,
  decimal,
  string,
  date,
  timestamp,
  timestamptz,
  bytes,
};

/// A column's type. Precision (1-38) and scale (0 to precision) count for decimals only. Whether
/// strings are dictionary-encoded is a matter of the column at hand, not of its type.
struct Type {
  TypeId id = TypeId::string;
  std::uint8_t precision = 0;
  std::uint8_t scale = 0;

  friend bool operator==(const Type&, const Type&) = default;

  [[nodiscard]] bool is_text() const { return id == TypeId::string || id == TypeId::bytes; }
  [[nodiscard]] bool is_time() const {
    return id == TypeId::timestamp || id == TypeId::timestamptz;
  }
  [[nodiscard]] bool is_number() const {
    return id == TypeId::int64 || id == TypeId::float64 || id == TypeId::decimal;
  }
  /// Bytes of one value in the values buffer; 0 for boolean (bits) and text (offsets and data).
  [[nodiscard]] int width() const;
};

inline constexpr Type kBoolean{TypeId::boolean};
inline constexpr Type kInt64{TypeId::int64};
inline constexpr Type kFloat64{TypeId::float64};
inline constexpr Type kString{TypeId::string};
inline constexpr Type kDate{TypeId::date};
inline constexpr Type kTimestamp{TypeId::timestamp};
inline constexpr Type kTimestamptz{TypeId::timestamptz};
inline constexpr Type kBytes{TypeId::bytes};
[[nodiscard]] constexpr Type decimal_type(int precision, int scale) {
  return {TypeId::decimal, static_cast<std::uint8_t>(precision), static_cast<std::uint8_t>(scale)};
}

/// "int64", "decimal(18,2)", …: as written in pipeline files.
[[nodiscard]] std::string to_string(Type type);

/// Reads a type as written in pipeline files; nothing where it is none.
[[nodiscard]] std::optional<Type> parse_type(std::string_view text);

/// The names that parse_type knows, for suggestions.
[[nodiscard]] const char* type_names();

/// 128-bit integers hold the unscaled values of decimals.
__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

}  // namespace flowrun
