#include "nodes/kernels/conditions.h"

#include "engine/spec/expression_option.h"

namespace flowrun::nodes {

void FailedRows::reject(const expr::Expression& expression,
                        const std::vector<expr::Failure>& failures, const std::string& column,
                        Output& out) {
  if (!failures.empty()) failed_.resize(static_cast<std::size_t>(batch_.rows()), false);
  for (const auto& failure : failures) {
    if (failed_[failure.row]) continue;
    failed_[failure.row] = true;
    out.reject(failure_reject(expression, failure, batch_, column));
  }
}

std::vector<std::uint32_t> FailedRows::others() const {
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; row < failed_.size(); ++row) {
    if (!failed_[row]) rows.push_back(row);
  }
  return rows;
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
