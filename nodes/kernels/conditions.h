// Rows by what an expression says of them.
#pragma once

#include <cstdint>
#include <string>
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

/// Rows of a batch that are not to go on: those that expressions have no value for, and others.
/// Each is rejected once, for the first reason. One thread.
class FailedRows {
 public:
  explicit FailedRows(const Batch& batch) : batch_(batch) {}

  /// Rejects what is new among `failures`; `column` is what the expression was to fill.
  void reject(const expr::Expression& expression, const std::vector<expr::Failure>& failures,
              const std::string& column, Output& out);
  /// Rejects a row that is not among them yet.
  void reject(std::uint32_t row, Reject reject, Output& out);
  [[nodiscard]] bool contains(std::uint32_t row) const { return any() && failed_[row]; }
  [[nodiscard]] bool any() const { return !failed_.empty(); }
  [[nodiscard]] std::int64_t count() const { return count_; }
  /// The other rows, ascending.
  [[nodiscard]] std::vector<std::uint32_t> others() const;

 private:
  const Batch& batch_;
  std::vector<bool> failed_;  ///< by row; empty as long as none has
  std::int64_t count_ = 0;
};

}  // namespace flowrun::nodes
