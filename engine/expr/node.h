// A compiled expression: nodes that evaluate themselves column by column.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/expr/vector.h"

namespace flowrun::expr {

/// One subexpression. Immutable; eval() is called by many threads.
class Node {
 public:
  explicit Node(ValueType type) : type_(type) {}
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  [[nodiscard]] ValueType type() const { return type_; }
  /// The values of the active rows; others are arbitrary. Rows that have no value are among
  /// rows.failures, and null.
  [[nodiscard]] virtual Vector eval(const Rows& rows, Mask mask) const = 0;
  /// True where it needs no row.
  [[nodiscard]] virtual bool is_constant() const { return false; }

 private:
  ValueType type_;
};
using NodeRef = std::unique_ptr<const Node>;

/// A function's loop over its arguments, which have exactly the types that were declared for it.
using Kernel = Vector (*)(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args);

}  // namespace flowrun::expr
