#include "engine/expr/binder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "engine/core/diagnostic.h"
#include "engine/data/text.h"
#include "engine/expr/decimal.h"
#include "engine/expr/leaves.h"
#include "engine/expr/logic.h"
#include "engine/expr/utf8.h"

namespace flowrun::expr {
namespace {

constexpr ValueType kTruth{Family::boolean};
constexpr ValueType kText{Family::string};

NodeRef constant(Vector value) { return std::make_unique<ConstantNode>(std::move(value)); }

/// The type in which a number's digits are exact.
std::optional<ValueType> literal_type(std::string_view text) {
  const auto e = text.find_first_of("eE");
  const auto digits = text.substr(0, e);
  const auto point = digits.find('.');
  int scale = point == std::string_view::npos ? 0 : static_cast<int>(digits.size() - point - 1);
  int count = 0;
  for (const char c : digits) count += c >= '0' && c <= '9' ? 1 : 0;
  int whole = count - scale;
  if (e != std::string_view::npos) {
    const auto power = parse_int64(text.substr(e + 1));
    if (!power || *power > kMostDigits || *power < -kMostDigits) return std::nullopt;
    const int shift = static_cast<int>(*power);
    scale = std::max(scale - shift, 0);
    whole = std::max(whole + shift, 0);
  }
  const int precision = std::max(whole + scale, 1);
  if (precision > kMostDigits) return std::nullopt;
  return decimal_value(precision, scale);
}

const Vector* constant_of(const NodeRef& node) {
  const auto* found = dynamic_cast<const ConstantNode*>(node.get());
  return found == nullptr ? nullptr : &found->value();
}

/// What says whether two values of a type are equal.
Kernel equality(ValueType type, std::size_t at) {
  for (const auto* function : functions_named("=")) {
    if (function->args[0] == type.family) return function->kernel;
  }
  throw BindProblem{fmt::format("values of type {} cannot be compared", to_string(type)), "", at};
}

}  // namespace

ValueType decimal_for(const NodeRef& node) {
  const auto from = node->type();
  const auto* value = from.family == Family::unknown ? constant_of(node) : nullptr;
  if (value != nullptr && value->column->is_valid(0)) {
    if (const auto type = literal_type(value->column->text(0))) return *type;
  }
  return cast_type(from, decimal_value(kMostDigits, 16), false);
}

NodeRef Binder::bind(const Syntax& syntax) {
  switch (syntax.kind) {
    case Syntax::Kind::column:
      return bind_column(syntax);
    case Syntax::Kind::integer:
      return constant(constant_vector<std::int64_t>({Family::int64}, syntax.integer));
    case Syntax::Kind::boolean:
      return constant(constant_vector<bool>(kTruth, syntax.integer != 0));
    case Syntax::Kind::null:
      return constant(null_vector({Family::unknown}));
    case Syntax::Kind::text:
      return constant(constant_vector<std::string>({Family::unknown}, syntax.name));
    case Syntax::Kind::number: {
      if (const auto whole = parse_int64(syntax.name)) {
        return constant(constant_vector<std::int64_t>({Family::int64}, *whole));
      }
      const auto type = literal_type(syntax.name);
      if (!type) {
        throw BindProblem{
            fmt::format("the number {} has more than {} digits", syntax.name, kMostDigits),
            "write it as a float64: '…'::float8", syntax.at};
      }
      return convert_to(constant(constant_vector<std::string>({Family::unknown}, syntax.name)),
                        *type, syntax.at);
    }
    case Syntax::Kind::parameter:
      return bind_parameter(syntax);
    case Syntax::Kind::cast:
      return bind_cast(syntax);
    case Syntax::Kind::call:
      return bind_call(syntax);
    case Syntax::Kind::star:
      throw BindProblem{"\"*\" is no value", "name a column", syntax.at};
  }
  throw BindProblem{"this cannot stand here", "", syntax.at};
}

/// PostgreSQL makes small letters of a name that is not quoted, and files have columns in capitals:
/// so a name that no column has exactly means the only one that differs in capitals.
std::optional<std::size_t> Binder::find_column(const Syntax& syntax) const {
  if (const auto exact = scope_.schema->index_of(syntax.name)) return exact;
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < scope_.schema->size(); ++i) {
    std::string lower;
    append_lower(scope_.schema->field(i).name, lower);
    if (lower != syntax.name) continue;
    if (found) {
      throw BindProblem{
          fmt::format("\"{}\" may be column \"{}\" or \"{}\"", syntax.name,
                      scope_.schema->field(*found).name, scope_.schema->field(i).name),
          "put the one that is meant in double quotes", syntax.at};
    }
    found = i;
  }
  return found;
}

NodeRef Binder::bind_column(const Syntax& syntax) {
  const auto index = find_column(syntax);
  if (!index) {
    throw BindProblem{fmt::format("there is no column \"{}\"", syntax.name),
                      suggest(syntax.name, scope_.schema->names()), syntax.at};
  }
  columns_.insert(*index);
  return std::make_unique<ColumnNode>(*index, value_type(scope_.schema->field(*index).type));
}

NodeRef Binder::bind_parameter(const Syntax& syntax) const {
  const auto number = static_cast<std::size_t>(syntax.integer);
  if (number == 0 || number > scope_.parameters.size()) {
    throw BindProblem{fmt::format("${} stands for nothing", syntax.integer),
                      "name a parameter: ${name}", syntax.at};
  }
  return constant(scope_.parameters[number - 1]);
}

std::vector<NodeRef> Binder::bind_all(const Syntax& syntax, std::size_t from) {
  std::vector<NodeRef> args;
  for (std::size_t i = from; i < syntax.args.size(); ++i) args.push_back(bind(syntax.args[i]));
  return args;
}

NodeRef Binder::folded(NodeRef node, bool is_constant, std::size_t at) const {
  if (!is_constant) return node;
  std::vector<Failure> failures;
  static const auto nothing =
      std::make_shared<const Batch>(make_schema({}), std::vector<ColumnRef>(), 1, Ordinals{});
  const Rows one{nothing.get(), 1, &failures};
  auto value = node->eval(one, nullptr);
  if (!failures.empty()) {
    // What can only fail is an error here and now, unless it stands where it may never be asked.
    if (depth_ > 0) return node;
    throw BindProblem{fmt::format("{}: {}", failures.front().reason, failures.front().value), "",
                      at};
  }
  value.constant = true;
  return constant(std::move(value));
}

NodeRef Binder::convert_to(NodeRef arg, ValueType to, std::size_t at) const {
  if (arg->type() == to) return arg;
  const bool is_constant = arg->is_constant();
  const auto from = arg->type();
  if (from.family == Family::unknown && is_constant && !constant_of(arg)->column->is_valid(0)) {
    return constant(null_vector(to));
  }
  return folded(std::make_unique<ConvertNode>(std::move(arg), to), is_constant, at);
}

NodeRef Binder::bind_truth(const Syntax& syntax) {
  auto arg = bind(syntax);
  if (arg->type().family == Family::unknown) return convert_to(std::move(arg), kTruth, syntax.at);
  if (arg->type().family != Family::boolean) {
    throw BindProblem{
        fmt::format("a condition is wanted here, and this is {}", to_string(arg->type())),
        "compare it with something", syntax.at};
  }
  return arg;
}

NodeRef Binder::bind_cast(const Syntax& syntax) {
  const auto to = type_named(syntax.name, syntax.modifiers);
  if (!to) {
    throw BindProblem{
        syntax.modifiers.empty() ? fmt::format("there is no type \"{}\" here", syntax.name)
                                 : fmt::format("\"{}\" does not take these modifiers", syntax.name),
        "there are bool, bigint, float8, numeric(p, s), text, date, timestamp, timestamptz, bytea "
        "and interval",
        syntax.at};
  }
  auto arg = bind(syntax.args.at(0));
  if (!casts(arg->type().family, to->family)) {
    throw BindProblem{
        fmt::format("{} cannot be cast to {}", to_string(arg->type()), to_string(*to)), "",
        syntax.at};
  }
  const bool exact = !syntax.modifiers.empty();
  auto type = cast_type(arg->type(), *to, exact);
  if (!exact && to->family == Family::decimal) type = decimal_for(arg);
  return convert_to(std::move(arg), type, syntax.args[0].at);
}

ValueType Binder::unify(std::vector<NodeRef>& args, const Syntax& syntax, std::size_t first,
                        std::size_t step) const {
  const auto wanted = [&](std::size_t i) {
    return i >= first && ((i - first) % step == 0 || i + 1 == args.size());
  };
  ValueType common{Family::unknown};
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (!wanted(i) || args[i]->type().family == Family::unknown) continue;
    const auto type = args[i]->type();
    if (common.family == Family::unknown || common == type) {
      common = type;
    } else if (common.family == Family::decimal &&
               (type.family == Family::decimal || type.family == Family::int64)) {
      const auto other = cast_type(type, decimal_value(kMostDigits, 0), false);
      const int scale = std::max(common.scale, other.scale);
      const int whole = std::max(common.precision - common.scale, other.precision - other.scale);
      common = decimal_value(std::min(kMostDigits, whole + scale), scale);
    } else if (common.family == Family::int64 && type.family == Family::decimal) {
      const int whole = std::max(19, type.precision - type.scale);
      common = decimal_value(std::min(kMostDigits, whole + type.scale), type.scale);
    } else if (converts(common.family, type.family)) {
      common = type;
    } else if (!converts(type.family, common.family)) {
      throw BindProblem{
          fmt::format("{} and {} are no values of one type", to_string(common), to_string(type)),
          "cast one of them", syntax.at};
    }
  }
  if (common.family == Family::unknown) common = kText;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (!wanted(i)) continue;
    const auto at = i < syntax.args.size() ? syntax.args[i].at : syntax.at;
    args[i] = convert_to(std::move(args[i]), common, at);
  }
  return common;
}

NodeRef Binder::bind_call(const Syntax& syntax) {
  const auto& name = syntax.name;
  const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (is_one_of({"and", "or", "not", "is_null", "is_not_null"}) || name.starts_with("is_true") ||
      is_one_of({"is_not_true", "is_false", "is_not_false", "is_unknown", "is_not_unknown"})) {
    return bind_logic(syntax);
  }
  if (is_one_of({"case", "coalesce", "greatest", "least"})) return bind_choice(syntax);
  if (is_one_of({"in", "not_in"})) return bind_membership(syntax);
  if (is_one_of({"is_distinct", "is_not_distinct", "nullif"})) return bind_comparison_of(syntax);
  if (is_one_of({"extract", "date_part"})) return bind_field(syntax);
  if (is_one_of({"round", "trunc"}) && syntax.args.size() == 2) return bind_rounding(syntax);
  if (is_one_of({"concat", "concat_ws"})) return bind_concat(syntax);
  if (is_one_of({"now", "transaction_timestamp", "current_date", "localtimestamp"}) &&
      syntax.args.empty()) {
    return bind_moment(syntax);
  }
  return bind_function(syntax);
}

NodeRef Binder::bind_logic(const Syntax& syntax) {
  const auto& name = syntax.name;
  if (name == "and" || name == "or") {
    std::vector<NodeRef> args;
    for (std::size_t i = 0; i < syntax.args.size(); ++i) {
      if (i > 0) ++depth_;
      args.push_back(bind_truth(syntax.args[i]));
      if (i > 0) --depth_;
    }
    return make_logic(name == "and", std::move(args));
  }
  if (name == "not") return make_not(bind_truth(syntax.args.at(0)));
  if (name == "is_null" || name == "is_not_null") {
    return make_null_test(bind(syntax.args.at(0)), name == "is_null");
  }
  constexpr std::array<std::string_view, 6> kTruths{
      "is_true", "is_not_true", "is_false", "is_not_false", "is_unknown", "is_not_unknown"};
  const auto which = std::find(kTruths.begin(), kTruths.end(), name) - kTruths.begin();
  return make_truth_test(bind_truth(syntax.args.at(0)), static_cast<Truth>(which));
}

NodeRef Binder::bind_choice(const Syntax& syntax) {
  ++depth_;
  std::vector<NodeRef> args;
  const bool is_case = syntax.name == "case";
  for (std::size_t i = 0; i < syntax.args.size(); ++i) {
    const bool condition = is_case && i % 2 == 0 && i + 1 < syntax.args.size();
    args.push_back(condition ? bind_truth(syntax.args[i]) : bind(syntax.args[i]));
  }
  const auto type = is_case ? unify(args, syntax, 1, 2) : unify(args, syntax);
  --depth_;
  if (is_case) return make_case(type, std::move(args));
  if (syntax.name == "coalesce") return make_coalesce(type, std::move(args));
  return make_extreme(type, syntax.name == "greatest", std::move(args));
}

NodeRef Binder::bind_membership(const Syntax& syntax) {
  auto args = bind_all(syntax);
  const auto type = unify(args, syntax);
  auto value = std::move(args.front());
  args.erase(args.begin());
  return make_in(std::move(value), std::move(args), equality(type, syntax.at),
                 syntax.name == "not_in");
}

NodeRef Binder::bind_comparison_of(const Syntax& syntax) {
  if (syntax.name == "nullif") {
    auto value = bind(syntax.args.at(0));
    if (value->type().family == Family::unknown)
      value = convert_to(std::move(value), kText, syntax.at);
    std::vector<NodeRef> args = bind_all(syntax);
    return make_nullif(std::move(value), call("=", std::move(args), syntax.at));
  }
  auto args = bind_all(syntax);
  const auto type = unify(args, syntax);
  return make_distinct(std::move(args[0]), std::move(args[1]), equality(type, syntax.at),
                       syntax.name == "is_distinct");
}

NodeRef Binder::bind_concat(const Syntax& syntax) {
  auto args = bind_all(syntax);
  if (args.empty())
    throw BindProblem{fmt::format("{} wants arguments", syntax.name), "", syntax.at};
  for (std::size_t i = 0; i < args.size(); ++i) {
    args[i] = convert_to(std::move(args[i]), kText, syntax.args[i].at);
  }
  return make_concat(std::move(args), syntax.name == "concat_ws");
}

NodeRef Binder::bind_moment(const Syntax& syntax) const {
  const auto now = scope_.now;
  if (syntax.name == "current_date") {
    const auto day = static_cast<std::int32_t>(snap_down(now, kDay) / kDay);
    return constant(constant_vector<std::int32_t>({Family::date}, day));
  }
  const auto family = syntax.name == "localtimestamp" ? Family::timestamp : Family::timestamptz;
  return constant(constant_vector<std::int64_t>({family}, now));
}

NodeRef Binder::bind_function(const Syntax& syntax) {
  if (functions_named(syntax.name).empty()) {
    // float8(x) is a cast, as in PostgreSQL.
    if (syntax.args.size() == 1 && type_named(syntax.name, {})) {
      auto cast = syntax;
      cast.kind = Syntax::Kind::cast;
      return bind_cast(cast);
    }
    constexpr std::array<std::string_view, 12> kAggregates{
        "count", "sum",    "avg",      "min",        "max",       "first",
        "last",  "stddev", "quantile", "string_agg", "array_agg", "variance"};
    const bool aggregate =
        std::find(kAggregates.begin(), kAggregates.end(), syntax.name) != kAggregates.end();
    throw BindProblem{
        is_operator(syntax.name) ? fmt::format("the operator {} is not supported", syntax.name)
                                 : fmt::format("there is no function {}", syntax.name),
        aggregate ? "an aggregate node has it" : suggest(syntax.name, function_names()), syntax.at};
  }
  if (syntax.distinct)
    throw BindProblem{"distinct has a meaning in an aggregate node only", "", syntax.at};
  return call(syntax.name, bind_all(syntax), syntax.at);
}

}  // namespace flowrun::expr
