// Nodes that choose among values: case, coalesce, greatest, nullif, concat.
#include <cstdint>
#include <string>
#include <utility>

#include "engine/expr/interval.h"
#include "engine/expr/logic.h"
#include "engine/expr/mask.h"

namespace flowrun::expr {
namespace {

/// Puts a vector together row by row out of others.
class Merger {
 public:
  Merger(ValueType type, std::int64_t rows) : type_(type), builder_(stored_type(type)) {
    builder_.reserve(rows);
  }
  void take(const Vector& from, std::int64_t row) {
    builder_.append_from(*from.column, from.constant ? 0 : row);
  }
  void take_null() { builder_.append_null(); }
  [[nodiscard]] Vector finish() { return {type_, builder_.finish(), false}; }

 private:
  ValueType type_;
  ColumnBuilder builder_;
};

class Case final : public Node {
 public:
  Case(ValueType type, std::vector<NodeRef> args) : Node(type), args_(std::move(args)) {}

  [[nodiscard]] Vector eval(const Rows& rows, Mask mask) const override {
    constexpr std::size_t kNone = SIZE_MAX;
    std::vector<std::uint8_t> open = active_rows(rows, mask);
    std::vector<std::size_t> chosen(static_cast<std::size_t>(rows.count), kNone);
    std::vector<Vector> results(args_.size());
    for (std::size_t i = 0; i + 1 < args_.size() && any(open); i += 2) {
      const auto condition = args_[i]->eval(rows, &open);
      const Reader<bool> read(condition);
      const auto taken =
          narrowed(rows, &open, [&](std::int64_t row) { return read.is_valid(row) && read[row]; });
      if (!any(taken)) continue;
      results[i + 1] = args_[i + 1]->eval(rows, &taken);
      for (std::size_t row = 0; row < taken.size(); ++row) {
        if (taken[row] == 0) continue;
        chosen[row] = i + 1;
        open[row] = 0;
      }
    }
    const auto last = args_.size() - 1;
    if (any(open)) results[last] = args_[last]->eval(rows, &open);
    for (std::size_t row = 0; row < open.size(); ++row) {
      if (open[row] != 0) chosen[row] = last;
    }
    Merger merger(type(), rows.count);
    for (std::size_t row = 0; row < chosen.size(); ++row) {
      if (chosen[row] == kNone) {
        merger.take_null();
      } else {
        merger.take(results[chosen[row]], static_cast<std::int64_t>(row));
      }
    }
    return merger.finish();
  }

 private:
  std::vector<NodeRef> args_;
};

class Coalesce final : public Node {
 public:
  Coalesce(ValueType type, std::vector<NodeRef> args) : Node(type), args_(std::move(args)) {}

  [[nodiscard]] Vector eval(const Rows& rows, Mask mask) const override {
    auto first = args_.front()->eval(rows, mask);
    if (!first.constant && !first.column->has_nulls()) return first;
    std::vector<Vector> values{std::move(first)};
    auto open = narrowed(rows, mask, [&](std::int64_t row) { return is_null(values[0], row); });
    std::vector<std::size_t> chosen(open.size(), 0);
    for (std::size_t i = 1; i < args_.size() && any(open); ++i) {
      values.push_back(args_[i]->eval(rows, &open));
      for (std::size_t row = 0; row < open.size(); ++row) {
        if (open[row] == 0) continue;
        chosen[row] = i;
        if (!is_null(values[i], static_cast<std::int64_t>(row))) open[row] = 0;
      }
    }
    Merger merger(type(), rows.count);
    for (std::size_t row = 0; row < chosen.size(); ++row) {
      merger.take(values[chosen[row]], static_cast<std::int64_t>(row));
    }
    return merger.finish();
  }

 private:
  static bool is_null(const Vector& vector, std::int64_t row) {
    return !vector.column->is_valid(vector.constant ? 0 : row);
  }
  std::vector<NodeRef> args_;
};

class Extreme final : public Node {
 public:
  Extreme(ValueType type, bool greatest, std::vector<NodeRef> args)
      : Node(type), greatest_(greatest), args_(std::move(args)) {}

  [[nodiscard]] Vector eval(const Rows& rows, Mask mask) const override {
    std::vector<Vector> values;
    for (const auto& arg : args_) values.push_back(arg->eval(rows, mask));
    Merger merger(type(), rows.count);
    for (std::int64_t row = 0; row < rows.count; ++row) {
      const Vector* best = nullptr;
      for (const auto& value : values) {
        if (!value.column->is_valid(value.constant ? 0 : row)) continue;
        if (best == nullptr || (compare(value, *best, row) > 0) == greatest_) best = &value;
      }
      if (best == nullptr) {
        merger.take_null();
      } else {
        merger.take(*best, row);
      }
    }
    return merger.finish();
  }

 private:
  [[nodiscard]] int compare(const Vector& a, const Vector& b, std::int64_t row) const {
    const auto at_a = a.constant ? 0 : row;
    const auto at_b = b.constant ? 0 : row;
    if (type().family != Family::interval) return compare_at(*a.column, at_a, *b.column, at_b);
    const auto x = comparable(Reader<Interval128>(a)[row]);
    const auto y = comparable(Reader<Interval128>(b)[row]);
    return x < y ? -1 : (x > y ? 1 : 0);
  }
  bool greatest_;
  std::vector<NodeRef> args_;
};

class NullIf final : public Node {
 public:
  NullIf(NodeRef a, NodeRef equals)
      : Node(a->type()), a_(std::move(a)), equals_(std::move(equals)) {}
  [[nodiscard]] Vector eval(const Rows& rows, Mask mask) const override {
    const auto value = a_->eval(rows, mask);
    const auto equals = equals_->eval(rows, mask);
    const Reader<bool> same(equals);
    Merger merger(type(), rows.count);
    for (std::int64_t row = 0; row < rows.count; ++row) {
      if (same.is_valid(row) && same[row]) {
        merger.take_null();
      } else {
        merger.take(value, row);
      }
    }
    return merger.finish();
  }

 private:
  NodeRef a_;
  NodeRef equals_;
};

class Concat final : public Node {
 public:
  Concat(std::vector<NodeRef> args, bool separated)
      : Node({Family::string}), args_(std::move(args)), separated_(separated) {}

  [[nodiscard]] Vector eval(const Rows& rows, Mask mask) const override {
    std::vector<Vector> values;
    for (const auto& arg : args_) values.push_back(arg->eval(rows, mask));
    std::vector<Reader<std::string_view>> readers(values.begin(), values.end());
    Writer<std::string> writer(type(), rows.count);
    std::string out;
    for (std::int64_t row = 0; row < rows.count; ++row) {
      if (separated_ && !readers[0].is_valid(row)) {
        writer.set_null(row);
        continue;
      }
      out.clear();
      bool first = true;
      for (std::size_t i = separated_ ? 1 : 0; i < readers.size(); ++i) {
        if (!readers[i].is_valid(row)) continue;
        if (separated_ && !first) out += readers[0][row];
        out += readers[i][row];
        first = false;
      }
      writer.set(row, out);
    }
    return writer.finish(false);
  }

 private:
  std::vector<NodeRef> args_;
  bool separated_;
};

}  // namespace

NodeRef make_case(ValueType type, std::vector<NodeRef> args) {
  return std::make_unique<Case>(type, std::move(args));
}
NodeRef make_coalesce(ValueType type, std::vector<NodeRef> args) {
  return std::make_unique<Coalesce>(type, std::move(args));
}
NodeRef make_extreme(ValueType type, bool greatest, std::vector<NodeRef> args) {
  return std::make_unique<Extreme>(type, greatest, std::move(args));
}
NodeRef make_nullif(NodeRef a, NodeRef equals) {
  return std::make_unique<NullIf>(std::move(a), std::move(equals));
}
NodeRef make_concat(std::vector<NodeRef> args, bool separated) {
  return std::make_unique<Concat>(std::move(args), separated);
}

}  // namespace flowrun::expr
