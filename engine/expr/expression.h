// Scalar expressions in PostgreSQL's language, checked against a schema and evaluated by column.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/time.h"
#include "engine/data/batch.h"
#include "engine/data/schema.h"
#include "engine/expr/node.h"
#include "engine/expr/syntax.h"

namespace flowrun::expr {

/// What an expression may refer to.
struct Scope {
  const Schema* schema = nullptr;  ///< its columns
  Micros now = 0;                  ///< now(), current_date: one moment for all rows
  /// $1, $2, …: values that were bound instead of pasted; constant.
  std::vector<Vector> parameters = {};
};

/// The values of an expression for a batch.
struct Evaluation {
  ColumnRef column;               ///< one value a row; null where there is a failure
  std::vector<Failure> failures;  ///< by row, at most one a row
};

/// A checked expression. Immutable, cheap to copy, any thread.
class Expression {
 public:
  Expression(std::shared_ptr<const Node> root, std::string text, std::vector<std::size_t> columns);

  /// The type of its values. Never an interval.
  [[nodiscard]] Type type() const { return type_; }
  /// As it was written.
  [[nodiscard]] const std::string& text() const { return text_; }
  /// The columns of the schema that it reads, ascending.
  [[nodiscard]] const std::vector<std::size_t>& columns() const { return columns_; }
  /// The column that it is, where it is nothing but that column.
  [[nodiscard]] std::optional<std::size_t> as_column() const;
  [[nodiscard]] Evaluation evaluate(const Batch& batch) const;

 private:
  std::shared_ptr<const Node> root_;
  std::string text_;
  std::vector<std::size_t> columns_;
  Type type_;
};

/// Checks and compiles; `error` is set where nothing is returned.
[[nodiscard]] std::optional<Expression> compile(std::string_view text, const Scope& scope,
                                                SyntaxError& error);
/// The same of a syntax tree at hand (an aggregate's argument).
[[nodiscard]] std::optional<Expression> compile(const Syntax& syntax, std::string_view text,
                                                const Scope& scope, SyntaxError& error);

}  // namespace flowrun::expr
