// Evaluates expressions over rows written as text.
#pragma once

#include <string>
#include <vector>

#include "engine/expr/expression.h"

namespace flowrun::testing {

/// 2026-07-15T10:20:30Z.
inline constexpr Micros kNow = 1'784'110'830 * kSecond;

/// The values of an expression for every row, as text, by commas; null as "~", a failure as
/// "!reason: value". What cannot be compiled gives "at BYTE: message (hint)".
[[nodiscard]] std::string evaluated(const std::string& expression, const Batch& batch,
                                    std::vector<ColumnRef> parameters = {});

/// The same without a row that matters.
[[nodiscard]] std::string evaluated(const std::string& expression);

}  // namespace flowrun::testing
