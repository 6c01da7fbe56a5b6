#include "engine/expr/expression.h"

#include <algorithm>

#include "engine/expr/binder.h"
#include "engine/expr/leaves.h"

namespace flowrun::expr {
namespace {

/// One value for every row.
ColumnRef spread(const Vector& vector, std::int64_t rows) {
  if (!vector.constant) return vector.column;
  ColumnBuilder builder(vector.column->type());
  builder.reserve(rows);
  for (std::int64_t row = 0; row < rows; ++row) builder.append_from(*vector.column, 0);
  return builder.finish();
}

/// The first failure of each row, in order of rows.
void keep_first(std::vector<Failure>& failures) {
  std::stable_sort(failures.begin(), failures.end(),
                   [](const Failure& a, const Failure& b) { return a.row < b.row; });
  const auto same_row = [](const Failure& a, const Failure& b) { return a.row == b.row; };
  failures.erase(std::unique(failures.begin(), failures.end(), same_row), failures.end());
}

/// The same without the values of rows that failed: an argument may fail that greatest() and its
/// like then pass over.
ColumnRef without_failed(const ColumnRef& column, const std::vector<Failure>& failures) {
  const auto has_value = [&](const Failure& failure) { return column->is_valid(failure.row); };
  if (std::none_of(failures.begin(), failures.end(), has_value)) return column;
  ColumnBuilder builder(column->type());
  builder.reserve(column->length());
  auto failed = failures.begin();
  for (std::int64_t row = 0; row < column->length(); ++row) {
    if (failed != failures.end() && failed->row == row) {
      builder.append_null();
      ++failed;
    } else {
      builder.append_from(*column, row);
    }
  }
  return builder.finish();
}

}  // namespace

Expression::Expression(std::shared_ptr<const Node> root, std::string text,
                       std::vector<std::size_t> columns)
    : root_(std::move(root)),
      text_(std::move(text)),
      columns_(std::move(columns)),
      type_(column_type(root_->type()).value()) {}

std::optional<std::size_t> Expression::as_column() const {
  const auto* column = dynamic_cast<const ColumnNode*>(root_.get());
  return column == nullptr ? std::nullopt : std::optional(column->index());
}

Evaluation Expression::evaluate(const Batch& batch) const {
  Evaluation out;
  const Rows rows{&batch, batch.rows(), &out.failures};
  out.column = spread(root_->eval(rows, nullptr), batch.rows());
  if (out.failures.empty()) return out;
  keep_first(out.failures);
  out.column = without_failed(out.column, out.failures);
  return out;
}

std::optional<Expression> compile(const Syntax& syntax, std::string_view text, const Scope& scope,
                                  SyntaxError& error) {
  try {
    Binder binder(scope);
    auto root = binder.bind(syntax);
    if (root->type().family == Family::interval) {
      throw BindProblem{"its values are intervals, which no column can hold",
                        "take extract(epoch from …) of it, or cast it to text", syntax.at};
    }
    return Expression(std::move(root), std::string(text),
                      {binder.columns().begin(), binder.columns().end()});
  } catch (const BindProblem& problem) {
    error = {problem.message, problem.hint, std::min(problem.at, text.size())};
    return std::nullopt;
  }
}

std::optional<Expression> compile(std::string_view text, const Scope& scope, SyntaxError& error) {
  const auto syntax = parse_expression(text, error);
  if (!syntax) return std::nullopt;
  return compile(*syntax, text, scope, error);
}

}  // namespace flowrun::expr
