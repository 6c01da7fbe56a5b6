// filter: keeps the rows for which a condition holds.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/data/builder.h"
#include "engine/spec/expression_option.h"
#include "nodes/catalog.h"
#include "nodes/kernels/conditions.h"
#include "nodes/kernels/constants.h"

namespace flowrun::nodes {
namespace {

NodeSpec filter_spec() {
  return {.name = "filter",
          .summary = "Keeps the rows for which a condition holds.",
          .notes =
              "The condition is `where`, an expression in PostgreSQL's language, or one column "
              "against a constant. A row for which the expression has no value (a division by "
              "zero, a text that is no number) is a reject; one for which it is null is not "
              "kept.\n\nOf a column: as in SQL, a comparison with null is not true: rows whose "
              "value is null leave only "
              "by `op = \"is_null\"`. NaN "
              "equals itself and is larger than any other number. Texts compare by their bytes. "
              "Rows that are not kept "
              "are counted as filtered. Times and dates are written as strings, decimals as "
              "numbers or strings.",
          .options = {{.name = "where",
                       .kind = OptionKind::expression,
                       .help = "The condition; nothing else is given then.",
                       .example = "\"quantity > 0 and unit_price >= 0\""},
                      {.name = "column",
                       .kind = OptionKind::column,
                       .help = "The column to look at.",
                       .example = "\"vessel_count\""},
                      {.name = "op",
                       .kind = OptionKind::choice,
                       .help = "The relation.",
                       .fallback = "=",
                       .choices = {"=", "!=", "<", "<=", ">", ">=", "in", "not_in", "is_null",
                                   "is_not_null"},
                       .example = "\">=\""},
                      {.name = "value",
                       .kind = OptionKind::any,
                       .help = "The constant; a list of them for `in` and `not_in`.",
                       .example = "0",
                       .shape = "a value of the column's type, or a list of such"}},
          .example =
              "[transforms.sound]\ntype  = \"filter\"\ninput = \"arrivals\"\n"
              "where = \"vessel_count >= 0 and port is not null\"\n"};
}

enum class Op {
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  not_in,
  is_null,
  is_not_null
};

Op op_named(const std::string& name) {
  constexpr std::array<std::string_view, 10> kNames{"=",  "!=", "<",      "<=",      ">",
                                                    ">=", "in", "not_in", "is_null", "is_not_null"};
  return static_cast<Op>(std::find(kNames.begin(), kNames.end(), name) - kNames.begin());
}

bool is_list_op(Op op) { return op == Op::in || op == Op::not_in; }
bool is_null_op(Op op) { return op == Op::is_null || op == Op::is_not_null; }

class Filter final : public Transform {
 public:
  /// `constants`: a column of the same type, without nulls; one row but for in and not_in.
  Filter(std::size_t column, Op op, ColumnRef constants)
      : column_(column), op_(op), constants_(std::move(constants)) {
    is_nan_ = constants_->type().id == TypeId::float64 && constants_->length() == 1 &&
              std::isnan(constants_->values<double>()[0]);
  }
  void apply(const BatchRef& batch, Output& out) const override;

 private:
  [[nodiscard]] bool holds(const Column& column, std::int64_t row) const;
  [[nodiscard]] bool is_listed(const Column& column, std::int64_t row) const;
  [[nodiscard]] std::vector<std::uint32_t> matches(const Column& column) const;
  template <typename T>
  bool compare_all(const Column& column, std::vector<std::uint32_t>& rows) const;

  std::size_t column_;
  Op op_;
  ColumnRef constants_;
  bool is_nan_ = false;
};

/// The constants as a column of the type of the column that they are compared to.
ColumnRef read_constants(BindContext& context, Op op, Type type) {
  const auto& column = context.options().text("column");
  ColumnBuilder constants(type);
  const auto* value = context.options().raw("value");
  const auto& name = context.options().text("op");
  if (is_null_op(op)) {
    if (value != nullptr)
      context.error("value", "useless-option", fmt::format("\"{}\" takes no value", name));
  } else if (value == nullptr) {
    context.error("value", "missing-option", fmt::format("\"{}\" needs a value", name));
  } else if (value->is_list() != is_list_op(op)) {
    context.error(
        "value", "wrong-type",
        fmt::format("\"{}\" takes {}", name, is_list_op(op) ? "a list" : "one value, not a list"),
        value->is_list() ? "for a list there are \"in\" and \"not_in\"" : "");
  } else if (!value->is_list()) {
    append_constant(context, column, *value, constants);
  } else if (value->list().empty()) {
    context.error("value", "wrong-type", "the list is empty");
  } else {
    for (const auto& item : value->list()) append_constant(context, column, item, constants);
  }
  return constants.finish();
}

class FilterWhere final : public Transform {
 public:
  explicit FilterWhere(expr::Expression condition) : condition_(std::move(condition)) {}
  void apply(const BatchRef& batch, Output& out) const override {
    const auto rows = rows_where(condition_, *batch, out);
    out.filtered(static_cast<std::int64_t>(rows.others.size()));
    if (static_cast<std::int64_t>(rows.holding.size()) == batch->rows()) {
      out.emit(0, batch);
    } else if (!rows.holding.empty()) {
      out.emit(0, take(*batch, rows.holding));
    }
  }

 private:
  expr::Expression condition_;
};

Binding bind_where(BindContext& context) {
  Binding binding;
  binding.outputs.push_back(unchanged_port(context.input_ref()));
  for (const auto* other : {"column", "value"}) {
    if (context.options().raw(other) != nullptr) {
      context.error(other, "conflicting-options",
                    fmt::format("both \"where\" and \"{}\" are given", other),
                    "put it all into where = \"…\"");
    }
  }
  const auto condition =
      compile_condition(context, *context.options().raw("where"), context.input());
  if (!condition) return binding;
  binding.make_transform = [condition = *condition] {
    return std::make_unique<FilterWhere>(condition);
  };
  return binding;
}

Binding bind_filter(BindContext& context) {
  if (context.options().has("where")) return bind_where(context);
  const auto& input = context.input();
  if (!context.options().has("column")) {
    context.error("column", "missing-option", "there is no condition",
                  "write where = \"quantity > 0\"");
    Binding binding;
    binding.outputs.push_back(unchanged_port(context.input_ref()));
    return binding;
  }
  const auto column = input.index_of(context.options().text("column")).value();
  const auto op = op_named(context.options().text("op"));
  const auto constants = read_constants(context, op, input.field(column).type);

  Binding binding;
  binding.outputs.push_back(unchanged_port(context.input_ref()));
  binding.make_transform = [column, op, constants] {
    return std::make_unique<Filter>(column, op, constants);
  };
  return binding;
}

bool stands(Op op, int order) {
  switch (op) {
    case Op::equal:
      return order == 0;
    case Op::not_equal:
      return order != 0;
    case Op::less:
      return order < 0;
    case Op::less_equal:
      return order <= 0;
    case Op::greater:
      return order > 0;
    default:
      return order >= 0;
  }
}

bool Filter::is_listed(const Column& column, std::int64_t row) const {
  for (std::int64_t i = 0; i < constants_->length(); ++i) {
    if (equal_at(column, row, *constants_, i)) return true;
  }
  return false;
}

bool Filter::holds(const Column& column, std::int64_t row) const {
  if (!column.is_valid(row)) return op_ == Op::is_null;
  if (is_null_op(op_)) return op_ == Op::is_not_null;
  if (is_list_op(op_)) return is_listed(column, row) == (op_ == Op::in);
  return stands(op_, compare_at(column, row, *constants_, 0));
}

/// The fast way for numbers without nulls: one loop for each relation.
template <typename T>
bool Filter::compare_all(const Column& column, std::vector<std::uint32_t>& rows) const {
  const auto values = column.values<T>();
  const T constant = constants_->values<T>()[0];
  const auto run = [&](auto relation) {
    std::size_t count = 0;
    rows.resize(values.size());
    for (std::uint32_t i = 0; i < values.size(); ++i) {
      rows[count] = i;
      count += relation(values[i], constant) ? 1 : 0;
    }
    rows.resize(count);
    return true;
  };
  switch (op_) {  // > and >= are written so that NaN, the largest value, is kept
    case Op::equal:
      return run([](T a, T b) { return a == b; });
    case Op::not_equal:
      return run([](T a, T b) { return a != b; });
    case Op::less:
      return run([](T a, T b) { return a < b; });
    case Op::less_equal:
      return run([](T a, T b) { return a <= b; });
    case Op::greater:
      return run([](T a, T b) { return !(a <= b); });
    case Op::greater_equal:
      return run([](T a, T b) { return !(a < b); });
    default:
      return false;
  }
}

std::vector<std::uint32_t> Filter::matches(const Column& column) const {
  std::vector<std::uint32_t> rows;
  const auto id = column.type().id;
  const bool whole = id == TypeId::int64 || column.type().is_time();
  if (whole && !column.has_nulls() && compare_all<std::int64_t>(column, rows)) return rows;
  if (id == TypeId::float64 && !column.has_nulls() && !is_nan_ && compare_all<double>(column, rows))
    return rows;
  std::vector<char> by_code;  // what holds of a text holds wherever its code stands
  if (column.is_dictionary() && column.dictionary()->length() <= column.length() &&
      !is_null_op(op_)) {
    for (std::int64_t code = 0; code < column.dictionary()->length(); ++code) {
      by_code.push_back(holds(*column.dictionary(), code) ? 1 : 0);
    }
  }
  for (std::int64_t row = 0; row < column.length(); ++row) {
    const bool kept =
        by_code.empty() || !column.is_valid(row)
            ? holds(column, row)
            : by_code[static_cast<std::size_t>(column.codes()[static_cast<std::size_t>(row)])] != 0;
    if (kept) rows.push_back(static_cast<std::uint32_t>(row));
  }
  return rows;
}

void Filter::apply(const BatchRef& batch, Output& out) const {
  const auto rows = matches(batch->column(column_));
  const auto kept = static_cast<std::int64_t>(rows.size());
  out.filtered(batch->rows() - kept);
  if (kept == batch->rows()) {
    out.emit(0, batch);
  } else if (kept > 0) {
    out.emit(0, take(*batch, rows));
  }
}

}  // namespace

NodeType filter() { return {filter_spec(), bind_filter}; }

}  // namespace flowrun::nodes
