#include "engine/expr/logic.h"

#include <array>
#include <string>
#include <unordered_set>
#include <utility>

#include "engine/expr/mask.h"

namespace flowrun::expr {
namespace {

constexpr ValueType kTruth{Family::boolean};

class Logic final : public Node {
 public:
  Logic(bool conjunction, std::vector<NodeRef> args)
      : Node(kTruth), conjunction_(conjunction), args_(std::move(args)) {}

  [[nodiscard]] Vector eval(const Rows& rows, Mask mask) const override {
    const auto count = static_cast<std::size_t>(rows.count);
    std::vector<std::uint8_t> open = active_rows(rows, mask);
    std::vector<std::uint8_t> unknown(count, 0);
    std::vector<std::uint8_t> decided(count, 0);  // by a false (and), a true (or)
    for (const auto& arg : args_) {
      if (!any(open)) break;
      const auto values = arg->eval(rows, &open);
      const Reader<bool> read(values);
      for (std::size_t i = 0; i < count; ++i) {
        if (open[i] == 0) continue;
        const auto row = static_cast<std::int64_t>(i);
        if (!read.is_valid(row)) {
          unknown[i] = 1;
        } else if (read[row] != conjunction_) {
          decided[i] = 1;
          open[i] = 0;
        }
      }
    }
    Writer<bool> writer(kTruth, rows.count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto row = static_cast<std::int64_t>(i);
      if (decided[i] != 0) {
        writer.set(row, !conjunction_);
      } else if (unknown[i] != 0) {
        writer.set_null(row);
      } else {
        writer.set(row, conjunction_);
      }
    }
    return writer.finish(false);
  }

 private:
  bool conjunction_;
  std::vector<NodeRef> args_;
};

class Not final : public Node {
 public:
  explicit Not(NodeRef arg) : Node(kTruth), arg_(std::move(arg)) {}
  [[nodiscard]] Vector eval(const Rows& rows, Mask mask) const override {
    const auto value = arg_->eval(rows, mask);
    return map1<bool, bool>(kTruth, rows, mask, {&value, 1}, [](bool a, bool& r) -> Problem {
      r = !a;
      return nullptr;
    });
  }

 private:
  NodeRef arg_;
};

class NullTest final : public Node {
 public:
  NullTest(NodeRef arg, bool wants_null)
      : Node(kTruth), arg_(std::move(arg)), wants_null_(wants_null) {}
  [[nodiscard]] Vector eval(const Rows& rows, Mask mask) const override {
    const auto value = arg_->eval(rows, mask);
    const auto count = value.constant ? 1 : rows.count;
    Writer<bool> writer(kTruth, count);
    for (std::int64_t row = 0; row < count; ++row) {
      writer.set(row, value.column->is_valid(row) != wants_null_);
    }
    return writer.finish(value.constant);
  }

 private:
  NodeRef arg_;
  bool wants_null_;
};

class TruthTest final : public Node {
 public:
  TruthTest(NodeRef arg, Truth truth) : Node(kTruth), arg_(std::move(arg)), truth_(truth) {}
  [[nodiscard]] Vector eval(const Rows& rows, Mask mask) const override {
    const auto value = arg_->eval(rows, mask);
    const Reader<bool> read(value);
    const auto count = value.constant ? 1 : rows.count;
    Writer<bool> writer(kTruth, count);
    for (std::int64_t row = 0; row < count; ++row) {
      const bool known = read.is_valid(row);
      writer.set(row, holds(known, known && read[row]));
    }
    return writer.finish(value.constant);
  }

 private:
  [[nodiscard]] bool holds(bool known, bool value) const {
    switch (truth_) {
      case Truth::is_true:
        return known && value;
      case Truth::is_not_true:
        return !known || !value;
      case Truth::is_false:
        return known && !value;
      case Truth::is_not_false:
        return !known || value;
      case Truth::is_unknown:
        return !known;
      case Truth::is_not_unknown:
        return known;
    }
    return false;
  }
  NodeRef arg_;
  Truth truth_;
};

class Distinct final : public Node {
 public:
  Distinct(NodeRef a, NodeRef b, Kernel equal, bool wants_distinct)
      : Node(kTruth),
        a_(std::move(a)),
        b_(std::move(b)),
        equal_(equal),
        wants_distinct_(wants_distinct) {}

  [[nodiscard]] Vector eval(const Rows& rows, Mask mask) const override {
    const std::array<Vector, 2> args{a_->eval(rows, mask), b_->eval(rows, mask)};
    const auto same = equal_(kTruth, rows, mask, args);
    const Reader<bool> read(same);
    const auto count = same.constant ? 1 : rows.count;
    Writer<bool> writer(kTruth, count);
    for (std::int64_t row = 0; row < count; ++row) {
      const bool equal =
          read.is_valid(row) ? read[row] : is_null(args[0], row) && is_null(args[1], row);
      writer.set(row, equal != wants_distinct_);
    }
    return writer.finish(same.constant);
  }

 private:
  static bool is_null(const Vector& vector, std::int64_t row) {
    return !vector.column->is_valid(vector.constant ? 0 : row);
  }
  NodeRef a_;
  NodeRef b_;
  Kernel equal_;
  bool wants_distinct_;
};

class In final : public Node {
 public:
  In(NodeRef value, std::vector<NodeRef> items, Kernel equal, bool negated)
      : Node(kTruth),
        value_(std::move(value)),
        items_(std::move(items)),
        equal_(equal),
        negated_(negated) {
    collect();
  }

  [[nodiscard]] Vector eval(const Rows& rows, Mask mask) const override {
    const auto value = value_->eval(rows, mask);
    if (!texts_.empty()) {
      return map1<bool, std::string_view>(kTruth, rows, mask, {&value, 1},
                                          [&](std::string_view text, bool& r) -> Problem {
                                            r = texts_.contains(text) != negated_;
                                            return nullptr;
                                          });
    }
    if (!numbers_.empty()) {
      return map1<bool, std::int64_t>(kTruth, rows, mask, {&value, 1},
                                      [&](std::int64_t number, bool& r) -> Problem {
                                        r = numbers_.contains(number) != negated_;
                                        return nullptr;
                                      });
    }
    return one_by_one(value, rows, mask);
  }

 private:
  /// Constants without a null among them are looked up instead of compared.
  void collect() {
    const Rows none;
    for (const auto& item : items_) {
      if (!item->is_constant()) return;
    }
    std::vector<Vector> constants;
    for (const auto& item : items_) {
      constants.push_back(item->eval(none, nullptr));
      if (!constants.back().column->is_valid(0)) return;
    }
    const auto family = value_->type().family;
    if (family == Family::string) {
      for (const auto& each : constants) {
        kept_.push_back(each.column);
        texts_.insert(each.column->text(0));
      }
    } else if (family == Family::int64 || family == Family::timestamp ||
               family == Family::timestamptz) {
      for (const auto& each : constants) numbers_.insert(Reader<std::int64_t>(each)[0]);
    }
  }

  [[nodiscard]] Vector one_by_one(const Vector& value, const Rows& rows, Mask mask) const {
    const auto count = static_cast<std::size_t>(rows.count);
    std::vector<std::uint8_t> found(count, 0);
    std::vector<std::uint8_t> unknown(count, 0);
    for (const auto& item : items_) {
      const std::array<Vector, 2> args{value, item->eval(rows, mask)};
      const auto same = equal_(kTruth, rows, mask, args);
      const Reader<bool> read(same);
      for (std::size_t i = 0; i < count; ++i) {
        const auto row = static_cast<std::int64_t>(i);
        if (!read.is_valid(row)) {
          unknown[i] = 1;
        } else if (read[row]) {
          found[i] = 1;
        }
      }
    }
    Writer<bool> writer(kTruth, rows.count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto row = static_cast<std::int64_t>(i);
      if (found[i] == 0 && unknown[i] != 0) {
        writer.set_null(row);
      } else {
        writer.set(row, (found[i] != 0) != negated_);
      }
    }
    return writer.finish(false);
  }

  NodeRef value_;
  std::vector<NodeRef> items_;
  Kernel equal_;
  bool negated_;
  std::unordered_set<std::string_view> texts_;
  std::unordered_set<std::int64_t> numbers_;
  std::vector<ColumnRef> kept_;
};

}  // namespace

NodeRef make_logic(bool conjunction, std::vector<NodeRef> args) {
  return std::make_unique<Logic>(conjunction, std::move(args));
}
NodeRef make_not(NodeRef arg) { return std::make_unique<Not>(std::move(arg)); }
NodeRef make_null_test(NodeRef arg, bool wants_null) {
  return std::make_unique<NullTest>(std::move(arg), wants_null);
}
NodeRef make_truth_test(NodeRef arg, Truth truth) {
  return std::make_unique<TruthTest>(std::move(arg), truth);
}
NodeRef make_distinct(NodeRef a, NodeRef b, Kernel equal, bool wants_distinct) {
  return std::make_unique<Distinct>(std::move(a), std::move(b), equal, wants_distinct);
}
NodeRef make_in(NodeRef value, std::vector<NodeRef> items, Kernel equal, bool negated) {
  return std::make_unique<In>(std::move(value), std::move(items), equal, negated);
}

}  // namespace flowrun::expr
