#include "nodes/transforms/aggregate_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "engine/expr/decimal.h"
#include "engine/expr/function.h"
#include "engine/spec/expression_option.h"

namespace flowrun::nodes {
namespace {

using expr::Syntax;
using Function = AggregateFunction;

constexpr std::array<std::pair<std::string_view, Function>, 12> kFunctions{{
    {"count", Function::count},
    {"sum", Function::sum},
    {"avg", Function::avg},
    {"min", Function::min},
    {"max", Function::max},
    {"first", Function::first},
    {"last", Function::last},
    {"quantile", Function::quantile},
    {"stddev", Function::stddev},
    {"variance", Function::variance},
    {"bool_and", Function::bool_and},
    {"bool_or", Function::bool_or},
}};
constexpr const char* kKnown =
    "known are count, sum, avg, min, max, first, last, quantile, stddev, variance, bool_and and "
    "bool_or";
constexpr int kAverageScale = 16;  // as the quotient of decimals has

std::optional<Function> function_named(std::string_view name) {
  for (const auto& [known, function] : kFunctions) {
    if (known == name) return function;
  }
  return std::nullopt;
}

/// The first aggregate in a tree.
const Syntax* find_aggregate(const Syntax& syntax) {
  if (syntax.kind == Syntax::Kind::call && function_named(syntax.name)) return &syntax;
  for (const auto& arg : syntax.args) {
    if (const auto* found = find_aggregate(arg)) return found;
  }
  return nullptr;
}

/// True where both have the same values. A parameter is numbered anew in every target.
bool same_syntax(const Syntax& a, const Syntax& b) {
  return a.kind == b.kind && a.kind != Syntax::Kind::parameter && a.name == b.name &&
         a.integer == b.integer && a.modifiers == b.modifiers && a.distinct == b.distinct &&
         std::equal(a.args.begin(), a.args.end(), b.args.begin(), b.args.end(), same_syntax);
}

bool is_literal(const Syntax& syntax) {
  switch (syntax.kind) {
    case Syntax::Kind::call:
    case Syntax::Kind::cast:
    case Syntax::Kind::column:
      return false;
    default:
      return true;
  }
}

/// The name of a target that has none: that of a column, or of a function of one column.
std::string default_name(const Syntax& syntax) {
  if (syntax.kind == Syntax::Kind::column) return syntax.name;
  if (syntax.kind != Syntax::Kind::call) return "";
  const auto names = expr::function_names();
  const bool is_function = function_named(syntax.name) ||
                           std::find(names.begin(), names.end(), syntax.name) != names.end();
  const bool is_plain = std::all_of(syntax.args.begin(), syntax.args.end(), [](const auto& arg) {
    return arg.kind == Syntax::Kind::column || is_literal(arg);
  });
  return is_function && is_plain ? syntax.name : "";
}

/// The type of a function's values; nothing where it does not take such an argument.
std::optional<Type> result_type(Function function, Type type) {
  switch (function) {
    case Function::count:
    case Function::count_distinct:
      return kInt64;
    case Function::sum:
      if (!type.is_number()) return std::nullopt;
      return type.id == TypeId::decimal ? decimal_type(expr::kMostDigits, type.scale) : type;
    case Function::avg:
      if (!type.is_number()) return std::nullopt;
      if (type.id == TypeId::float64) return kFloat64;
      return decimal_type(expr::kMostDigits, std::max<int>(kAverageScale, type.scale));
    case Function::quantile:
    case Function::stddev:
    case Function::variance:
      return type.is_number() ? std::optional(kFloat64) : std::nullopt;
    case Function::bool_and:
    case Function::bool_or:
      return type == kBoolean ? std::optional(kBoolean) : std::nullopt;
    case Function::min:
    case Function::max:
      return type == kBoolean ? std::nullopt : std::optional(type);
    default:
      return type;
  }
}

/// Reads one node's targets, one after the other.
class TargetReader {
 public:
  TargetReader(BindContext& context, AggregatePlan& plan) : context_(context), plan_(plan) {}

  bool read() {
    if (context_.options().has("by")) {
      for (const auto& target : targets("by")) read_key(target);
    }
    const auto keys = fields_;
    const auto values = targets("values");
    if (values.empty() && good_) {
      fail_option("no-values", "there is nothing to work out", "write for example \"count(*)\"");
    }
    for (const auto& target : values) read_value(target);
    if (!good_) return false;
    plan_.key_schema = make_schema(keys);
    plan_.output = make_schema(fields_);
    return true;
  }

 private:
  [[nodiscard]] std::vector<TargetOption> targets(const char* option) {
    const auto& value = *context_.options().raw(option);
    auto found = parse_targets(context_, value);
    if (found.size() != (value.is_text() ? 1 : value.list().size())) good_ = false;
    return found;
  }

  void fail(const TargetOption& target, const Syntax& at, std::string code, std::string message,
            std::string hint = {}) {
    report_at(context_, *target.value, at.at, std::move(code), std::move(message), std::move(hint));
    good_ = false;
  }
  void fail_option(std::string code, std::string message, std::string hint) {
    context_.error("values", std::move(code), std::move(message), std::move(hint));
    good_ = false;
  }

  void read_key(const TargetOption& target) {
    const auto& syntax = target.target.syntax;
    if (const auto* aggregate = find_aggregate(syntax)) {
      return fail(
          target, *aggregate, "bad-aggregate",
          fmt::format("{} is an aggregate, and rows cannot be grouped by it", aggregate->name),
          "it belongs into \"values\"");
    }
    auto key = compile_part(context_, target, syntax, context_.input());
    if (!key) good_ = false;
    const auto column = key ? key->as_column() : std::nullopt;
    // A column keeps its own name, whatever the letters that it was called by.
    const auto name =
        add_name(target, column ? context_.input().field(*column).name : std::string());
    if (!key || name.empty()) return;
    fields_.push_back({name, key->type()});
    plan_.keys.push_back({std::move(*key), name});
  }

  void read_value(const TargetOption& target) {
    const auto function = check_call(target);
    if (!function) return;
    const auto& syntax = target.target.syntax;
    const auto name = add_name(target);
    AggregateValue value{.function = *function, .type = kInt64};
    if (syntax.args[0].kind != Syntax::Kind::star) {
      value.argument = add_argument(target, syntax.args[0], name);
      if (!value.argument) return;
      value.type = plan_.arguments[*value.argument].expression.type();
    }
    if (*function == Function::quantile && !read_fraction(target, syntax.args[1], value)) return;
    const auto out = result_type(*function, value.type);
    if (!out) return fail_type(target, syntax, value.type);
    value.out = *out;
    if (name.empty()) return;
    fields_.push_back({name, *out});
    plan_.values.push_back(value);
  }

  /// What a target calls; nothing after a diagnostic.
  [[nodiscard]] std::optional<Function> check_call(const TargetOption& target) {
    const auto& syntax = target.target.syntax;
    const auto function =
        syntax.kind == Syntax::Kind::call ? function_named(syntax.name) : std::nullopt;
    if (!function) {
      fail_top(target);
      return std::nullopt;
    }
    for (const auto& arg : syntax.args) {
      if (const auto* inner = find_aggregate(arg)) {
        fail(target, *inner, "bad-aggregate", "an aggregate cannot stand inside another one",
             "aggregate once more afterwards");
        return std::nullopt;
      }
    }
    const bool is_star = syntax.args.size() == 1 && syntax.args[0].kind == Syntax::Kind::star;
    const std::size_t wanted = *function == Function::quantile ? 2 : 1;
    if (syntax.args.size() != wanted || (is_star && *function != Function::count)) {
      fail(target, syntax, "bad-aggregate",
           *function == Function::count      ? "count takes one value, or * for all rows"
           : *function == Function::quantile ? "quantile takes a value and a fraction"
                                             : fmt::format("{} takes one value", syntax.name),
           *function == Function::quantile ? "write for example quantile(x, 0.95)" : "");
      return std::nullopt;
    }
    if (syntax.distinct && (*function != Function::count || is_star)) {
      fail(target, syntax, "bad-aggregate", "distinct is for count(distinct value) only");
      return std::nullopt;
    }
    return syntax.distinct ? Function::count_distinct : *function;
  }

  /// Of a target that is no call of an aggregate.
  void fail_top(const TargetOption& target) {
    const auto& syntax = target.target.syntax;
    if (const auto* inner = find_aggregate(syntax)) {
      return fail(target, syntax, "bad-aggregate",
                  fmt::format("an aggregate stands alone, and {} is part of an expression here",
                              inner->name),
                  "give each aggregate a name, and derive what is made of them afterwards");
    }
    if (syntax.kind == Syntax::Kind::column) {
      return fail(target, syntax, "bad-aggregate",
                  fmt::format("column \"{}\" has many values in a group", syntax.name),
                  fmt::format("group by it, or say which: first({0}), max({0})", syntax.name));
    }
    fail(target, syntax, "bad-aggregate", "this is no aggregate", kKnown);
  }

  void fail_type(const TargetOption& target, const Syntax& syntax, Type type) {
    const bool wants_boolean = syntax.name.starts_with("bool_");
    const char* hint = wants_boolean      ? "compare it with something"
                       : type == kBoolean ? "use bool_and or bool_or"
                       : type.is_text()   ? "cast it: x::numeric(18, 2)"
                                          : "take extract(epoch from …) of it";
    fail(target, syntax.args[0], "wrong-type",
         fmt::format("{} does not take {}", syntax.name, to_string(type)), hint);
  }

  [[nodiscard]] std::optional<std::size_t> add_argument(const TargetOption& target,
                                                        const Syntax& syntax,
                                                        const std::string& name) {
    for (std::size_t i = 0; i < argument_syntax_.size(); ++i) {
      if (same_syntax(argument_syntax_[i], syntax)) return i;
    }
    auto compiled = compile_part(context_, target, syntax, context_.input());
    if (!compiled) {
      good_ = false;
      return std::nullopt;
    }
    plan_.arguments.push_back({std::move(*compiled), name});
    argument_syntax_.push_back(syntax);
    return plan_.arguments.size() - 1;
  }

  [[nodiscard]] bool read_fraction(const TargetOption& target, const Syntax& syntax,
                                   AggregateValue& value) {
    const auto compiled = compile_part(context_, target, syntax, context_.input());
    if (!compiled) return good_ = false;
    const auto fraction = constant_number(*compiled);
    if (fraction && *fraction >= 0 && *fraction <= 1) {
      value.fraction = *fraction;
      return true;
    }
    fail(target, syntax, "bad-fraction", "a constant between 0 and 1 is wanted",
         "0.5 is the median, 0.95 what 95 % of the values do not exceed");
    return false;
  }

  [[nodiscard]] static std::optional<double> constant_number(const expr::Expression& expression) {
    if (!expression.columns().empty() || !expression.type().is_number()) return std::nullopt;
    const auto values = expression.evaluate(Batch(make_schema({}), {}, 1));
    if (!values.failures.empty() || !values.column->is_valid(0)) return std::nullopt;
    const auto type = expression.type();
    if (type.id == TypeId::float64) return values.column->values<double>()[0];
    if (type.id == TypeId::int64)
      return static_cast<double>(values.column->values<std::int64_t>()[0]);
    return expr::double_of_decimal(values.column->values<Int128>()[0], type.scale);
  }

  /// The name of a target's column; "" after a diagnostic.
  std::string add_name(const TargetOption& target, const std::string& of_column = {}) {
    const auto& given = target.target.name;
    const auto name = !given.empty()       ? given
                      : !of_column.empty() ? of_column
                                           : default_name(target.target.syntax);
    if (name.empty()) {
      fail(target, target.target.syntax, "no-name", "this needs a name",
           "write \"as\" and the name behind it");
      return "";
    }
    if (std::find(names_.begin(), names_.end(), name) != names_.end()) {
      fail(target, target.target.syntax, "duplicate-column",
           fmt::format("two columns are called \"{}\"", name),
           "give one of them a name of its own: \"as\" and the name behind it");
      return "";
    }
    names_.push_back(name);
    return name;
  }

  BindContext& context_;
  AggregatePlan& plan_;
  std::vector<Field> fields_;
  std::vector<std::string> names_;
  std::vector<Syntax> argument_syntax_;
  bool good_ = true;
};

}  // namespace

bool read_aggregate(BindContext& context, AggregatePlan& plan) {
  return TargetReader(context, plan).read();
}

}  // namespace flowrun::nodes
