#include "nodes/kernels/conditions.h"

#include <utility>

#include "engine/spec/expression_option.h"

namespace flowrun::nodes {

void FailedRows::reject(const expr::Expression& expression,
                        const std::vector<expr::Failure>& failures, const std::string& column,
                        Output& out) {
  for (const auto& failure : failures) {
    if (contains(failure.row)) continue;
    reject(failure.row, failure_reject(expression, failure, batch_, column), out);
  }
}

void FailedRows::reject(std::uint32_t row, Reject reject, Output& out) {
  failed_.resize(static_cast<std::size_t>(batch_.rows()), false);
  failed_[row] = true;
  ++count_;
  out.reject(std::move(reject));
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
