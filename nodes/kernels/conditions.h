// Rows by what an expression says of them.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/expr/expression.h"
#include "engine/spec/node.h"

namespace flowrun::nodes {

/// Rows of a batch by the value of a condition, ascending. What is in neither list was rejected.
struct ConditionRows {
  std::vector<std::uint32_t> holding;
  std::vector<std::uint32_t> others;  ///< false or null
};

/// Evaluates a condition; rows that it has no value for are rejected. Any thread.
[[nodiscard]] ConditionRows rows_where(const expr::Expression& condition, const Batch& batch,
                                       Output& out);

/// The rows of `count` that `failures` do not name, after those were rejected; `column` is what the
/// expression was to fill.
[[nodiscard]] std::vector<std::uint32_t> reject_failures(const expr::Expression& expression,
                                                         const std::vector<expr::Failure>& failures,
                                                         const Batch& batch,
                                                         const std::string& column, Output& out);

}  // namespace flowrun::nodes
