// Values of one type as values of another: by cast, or by themselves.
#pragma once

#include "engine/expr/node.h"

namespace flowrun::expr {

/// True where PostgreSQL brings values of `from` to `to` by itself: whole numbers to decimals to
/// doubles, dates to timestamps, untyped literals to anything.
[[nodiscard]] bool converts(Family from, Family to);
/// True where `cast(x as to)` is allowed.
[[nodiscard]] bool casts(Family from, Family to);

/// The type that a cast to a family without modifiers gives: of decimals it depends on what is
/// cast.
[[nodiscard]] ValueType cast_type(ValueType from, ValueType to, bool has_modifiers);

/// The bytes that hex digits spell.
[[nodiscard]] Problem read_hex(std::string_view text, std::string& out);

/// Casts all rows. Numbers are rounded half away from zero to fewer decimals (doubles to whole
/// numbers half to even); what does not fit, and a text that spells no such value, is a failure.
[[nodiscard]] Vector convert(const Vector& from, ValueType to, const Rows& rows, Mask mask);

}  // namespace flowrun::expr
