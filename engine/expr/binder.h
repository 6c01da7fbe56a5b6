// Gives a syntax tree its types: columns found, literals read, functions chosen, values converted.
#pragma once

#include <set>

#include "engine/expr/expression.h"
#include "engine/expr/function.h"

namespace flowrun::expr {

/// Why an expression cannot be compiled; thrown inside this folder only.
struct BindProblem {
  std::string message;
  std::string hint;
  std::size_t at = 0;
};

/// The decimal that holds every value of a node exactly, where its type or literal tells; else one
/// with 16 decimals.
[[nodiscard]] ValueType decimal_for(const NodeRef& node);

class Binder {
 public:
  explicit Binder(const Scope& scope) : scope_(scope) {}

  /// Throws BindProblem.
  [[nodiscard]] NodeRef bind(const Syntax& syntax);
  [[nodiscard]] const std::set<std::size_t>& columns() const { return columns_; }

 private:
  [[nodiscard]] std::optional<std::size_t> find_column(const Syntax& syntax) const;
  [[nodiscard]] NodeRef bind_column(const Syntax& syntax);
  [[nodiscard]] NodeRef bind_parameter(const Syntax& syntax) const;
  [[nodiscard]] NodeRef bind_call(const Syntax& syntax);
  [[nodiscard]] NodeRef bind_cast(const Syntax& syntax);
  [[nodiscard]] NodeRef bind_logic(const Syntax& syntax);
  [[nodiscard]] NodeRef bind_choice(const Syntax& syntax);
  [[nodiscard]] NodeRef bind_membership(const Syntax& syntax);
  [[nodiscard]] NodeRef bind_comparison_of(const Syntax& syntax);
  [[nodiscard]] NodeRef bind_field(const Syntax& syntax);
  [[nodiscard]] NodeRef bind_rounding(const Syntax& syntax);
  [[nodiscard]] NodeRef bind_concat(const Syntax& syntax);
  [[nodiscard]] NodeRef bind_moment(const Syntax& syntax) const;
  [[nodiscard]] NodeRef bind_function(const Syntax& syntax);
  [[nodiscard]] NodeRef call(std::string_view name, std::vector<NodeRef> args, std::size_t at);

  [[nodiscard]] std::vector<NodeRef> bind_all(const Syntax& syntax, std::size_t from = 0);
  [[nodiscard]] NodeRef bind_truth(const Syntax& syntax);
  /// Brings values to one type; at least one is given.
  [[nodiscard]] ValueType unify(std::vector<NodeRef>& args, const Syntax& syntax,
                                std::size_t first = 0, std::size_t step = 1) const;
  [[nodiscard]] NodeRef convert_to(NodeRef arg, ValueType to, std::size_t at) const;
  /// Evaluates what needs no row, where that goes well.
  [[nodiscard]] NodeRef folded(NodeRef node, bool constant, std::size_t at) const;

  const Scope& scope_;
  std::set<std::size_t> columns_;
  int depth_ = 0;
};

}  // namespace flowrun::expr
