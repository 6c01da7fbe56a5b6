// Values as text and back: one canonical form for files, messages, keys and comparisons.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/data/builder.h"
#include "engine/data/column.h"

namespace flowrun {

/// Appends the canonical text of a non-null value: bool "true"/"false"; float64 the shortest digits
/// that read back to the same double ("12.5", "1e+300", "nan", "inf"); decimals with all digits of
/// their scale; dates and timestamps as in engine/core/time.h; bytes as lower-case hex; strings as
/// they are.
void append_text(std::string& out, const Column& column, std::int64_t row);

/// The same as a new string; "" where null.
[[nodiscard]] std::string text_of(const Column& column, std::int64_t row);

/// Appends the shortest text of a double: without exponent where it has at most 15 digits and 9
/// decimals (those take a fast way), else as std::to_chars does. `scale_hint` is where the caller
/// keeps the number of decimals that values of the column had; it makes the next value faster and
/// changes nothing else. Start with 0.
void append_float(std::string& out, double value, int& scale_hint);

/// The same at `to`, where kMaxFloatText bytes are free; returns the end.
[[nodiscard]] char* write_float(char* to, double value, int& scale_hint);
inline constexpr std::size_t kMaxFloatText = 32;

/// Parses `text` as `type` and appends it; false (and nothing appended) where it is no such value.
/// Accepts the canonical forms above and their everyday relatives (bool: true/false/t/f/1/0 in any
/// case; int64: optional sign; decimal: rounds nothing, too many decimals that are not zero is a
/// failure; date from "YYYY-MM-DD"; timestamp without zone, or with one that is dropped only if it
/// is UTC; timestamptz with zone, UTC where none).
[[nodiscard]] bool parse_append(ColumnBuilder& builder, std::string_view text);

/// Appends bytes as hex digits, two each.
void append_hex(std::string& out, std::string_view bytes, bool upper = false);
/// The bytes that hex digits of either case spell; nothing where they are none or odd in number.
[[nodiscard]] std::optional<std::string> parse_hex(std::string_view text);

[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> parse_int64(std::string_view text);
[[nodiscard]] std::optional<double> parse_float64(std::string_view text);
/// The unscaled value at `type`'s scale; nothing where it is no number or does not fit exactly.
[[nodiscard]] std::optional<Int128> parse_decimal(std::string_view text, Type type);
[[nodiscard]] std::string format_decimal(Int128 unscaled, int scale);

}  // namespace flowrun
