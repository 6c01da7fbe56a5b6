#include "nodes/kernels/conditions.h"

#include "engine/spec/expression_option.h"

namespace flowrun::nodes {

std::vector<std::uint32_t> reject_failures(const expr::Expression& expression,
                                           const std::vector<expr::Failure>& failures,
                                           const Batch& batch, const std::string& column,
                                           Output& out) {
  std::vector<std::uint32_t> sound;
  auto failure = failures.begin();
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    if (failure != failures.end() && failure->row == row) {
      out.reject(failure_reject(expression, *failure, batch, column));
      ++failure;
    } else {
      sound.push_back(static_cast<std::uint32_t>(row));
    }
  }
  return sound;
}

ConditionRows rows_where(const expr::Expression& condition, const Batch& batch, Output& out) {
  const auto values = condition.evaluate(batch);
  const auto& column = *values.column;
  ConditionRows rows;
  auto failure = values.failures.begin();
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    const auto number = static_cast<std::uint32_t>(row);
    if (failure != values.failures.end() && failure->row == number) {
      out.reject(failure_reject(condition, *failure, batch, {}));
      ++failure;
    } else if (column.is_valid(row) && column.boolean(row)) {
      rows.holding.push_back(number);
    } else {
      rows.others.push_back(number);
    }
  }
  return rows;
}

}  // namespace flowrun::nodes
