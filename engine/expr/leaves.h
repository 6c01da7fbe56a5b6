// The plain nodes of an expression: columns, constants, calls, conversions.
#pragma once

#include <utility>
#include <vector>

#include "engine/expr/conversion.h"
#include "engine/expr/node.h"

namespace flowrun::expr {

class ColumnNode final : public Node {
 public:
  ColumnNode(std::size_t index, ValueType type) : Node(type), index_(index) {}
  [[nodiscard]] std::size_t index() const { return index_; }
  [[nodiscard]] Vector eval(const Rows& rows, Mask /*mask*/) const override {
    return {type(), rows.batch->columns()[index_], false};
  }

 private:
  std::size_t index_;
};

class ConstantNode final : public Node {
 public:
  explicit ConstantNode(Vector value) : Node(value.type), value_(std::move(value)) {}
  [[nodiscard]] const Vector& value() const { return value_; }
  [[nodiscard]] Vector eval(const Rows& /*rows*/, Mask /*mask*/) const override { return value_; }
  [[nodiscard]] bool is_constant() const override { return true; }

 private:
  Vector value_;
};

class CallNode final : public Node {
 public:
  CallNode(ValueType type, Kernel kernel, std::vector<NodeRef> args)
      : Node(type), kernel_(kernel), args_(std::move(args)) {}
  [[nodiscard]] Vector eval(const Rows& rows, Mask mask) const override {
    std::vector<Vector> values;
    values.reserve(args_.size());
    for (const auto& arg : args_) values.push_back(arg->eval(rows, mask));
    return kernel_(type(), rows, mask, values);
  }

 private:
  Kernel kernel_;
  std::vector<NodeRef> args_;
};

class ConvertNode final : public Node {
 public:
  ConvertNode(NodeRef arg, ValueType to) : Node(to), arg_(std::move(arg)) {}
  [[nodiscard]] Vector eval(const Rows& rows, Mask mask) const override {
    return convert(arg_->eval(rows, mask), type(), rows, mask);
  }

 private:
  NodeRef arg_;
};

}  // namespace flowrun::expr
