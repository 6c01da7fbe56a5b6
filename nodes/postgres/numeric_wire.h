// Numbers in the form that PostgreSQL's numeric has on the wire.
#pragma once

#include <string>
#include <string_view>

#include "engine/data/type.h"

namespace flowrun::postgres {

/// Appends the cell's content: digits of base 10,000 with their weight, sign and decimals.
void append_numeric(std::string& out, Int128 unscaled, int scale);

/// The same of a double, as the shortest decimal that reads back to it; NaN and the infinities
/// included.
void append_numeric(std::string& out, double value);

/// True where `unscaled` at `from_scale` is exactly a numeric(precision, scale).
[[nodiscard]] bool fits_numeric(Int128 unscaled, int from_scale, int precision, int scale);

}  // namespace flowrun::postgres
