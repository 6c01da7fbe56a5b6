// Which of several functions of one name a call means, by PostgreSQL's rules: most exact matches
// first, then most preferred types.
#include <fmt/format.h>

#include <algorithm>

#include "engine/expr/binder.h"
#include "engine/expr/decimal.h"
#include "engine/expr/leaves.h"
#include "engine/expr/time_parts.h"

namespace flowrun::expr {
namespace {

bool is_preferred(Family family) {
  return family == Family::float64 || family == Family::timestamptz || family == Family::string;
}

struct Score {
  int exact = 0;
  int preferred = 0;
  friend bool operator<(const Score& a, const Score& b) {
    return a.exact != b.exact ? a.exact < b.exact : a.preferred < b.preferred;
  }
};

std::optional<Score> score(const Function& function, const std::vector<Family>& families) {
  if (function.args.size() != families.size()) return std::nullopt;
  Score score;
  for (std::size_t i = 0; i < families.size(); ++i) {
    if (!converts(families[i], function.args[i])) return std::nullopt;
    if (families[i] == function.args[i]) {
      ++score.exact;
    } else if (is_preferred(function.args[i])) {
      ++score.preferred;
    }
  }
  return score;
}

const Function* best(std::string_view name, const std::vector<Family>& families) {
  const Function* chosen = nullptr;
  Score most;
  for (const auto* function : functions_named(name)) {
    const auto found = score(*function, families);
    if (!found || (chosen != nullptr && !(most < *found))) continue;
    chosen = function;
    most = *found;
  }
  return chosen;
}

/// Brings decimals to fewer decimals: round(x, 2) and trunc(x, 2), whose result's type depends on
/// a constant.
class RoundNode final : public Node {
 public:
  RoundNode(NodeRef arg, ValueType type, int places, bool truncate)
      : Node(type), arg_(std::move(arg)), places_(places), truncate_(truncate) {}
  [[nodiscard]] Vector eval(const Rows& rows, Mask mask) const override {
    const auto value = arg_->eval(rows, mask);
    const int scale = value.type.scale;
    const int drop = std::clamp(scale - places_, 0, kMostDigits);
    const int to = type().scale;
    return map1<Int128, Int128>(
        type(), rows, mask, {&value, 1}, [=, this](Int128 a, Int128& r) -> Problem {
          const auto kept = truncate_ ? a / ten_to(drop) : divide_rounded(a, ten_to(drop));
          // kept has scale - drop decimals; below zero places, zeros take the place of digits.
          const bool good =
              !__builtin_mul_overflow(kept, ten_to(std::min(drop, kMostDigits)), &r) &&
              rescale(r, scale, to, kMostDigits, r);
          return good ? nullptr : "out of range";
        });
  }

 private:
  NodeRef arg_;
  int places_;
  bool truncate_;
};

}  // namespace

NodeRef Binder::call(std::string_view name, std::vector<NodeRef> args, std::size_t at) {
  std::vector<Family> families;
  for (const auto& arg : args) families.push_back(arg->type().family);
  // PostgreSQL takes an untyped literal beside an operator for what stands on the other side.
  const bool binary = families.size() == 2 && is_operator(name);
  const Function* function = nullptr;
  if (binary && (families[0] == Family::unknown) != (families[1] == Family::unknown)) {
    const auto known = families[0] == Family::unknown ? families[1] : families[0];
    function = best(name, {known, known});
  }
  if (name == "||") {
    for (auto& family : families) family = Family::string;  // anything beside a text is printed
    const bool text = std::any_of(args.begin(), args.end(), [](const NodeRef& arg) {
      return arg->type().family == Family::string || arg->type().family == Family::unknown;
    });
    if (text) function = best(name, families);
  } else if (function == nullptr) {
    function = best(name, families);
  }
  if (function == nullptr) {
    std::string types;
    for (const auto& arg : args) types += (types.empty() ? "" : ", ") + to_string(arg->type());
    throw BindProblem{binary ? fmt::format("there is no {} {} {}", to_string(args[0]->type()), name,
                                           to_string(args[1]->type()))
                             : fmt::format("there is no {}({})", name, types),
                      "cast what does not fit: x::float8", at};
  }
  bool is_constant = true;
  std::vector<ValueType> types;
  for (std::size_t i = 0; i < args.size(); ++i) {
    is_constant = is_constant && args[i]->is_constant();
    auto to = ValueType{function->args[i]};
    if (to.family == args[i]->type().family) {
      to = args[i]->type();
    } else if (to.family == Family::decimal) {
      to = decimal_for(args[i]);
    }
    args[i] = convert_to(std::move(args[i]), to, at);
    types.push_back(to);
  }
  const auto type = function->result(types);
  if (!type) {
    throw BindProblem{
        fmt::format("the result of {} would have more than {} decimals", name, kMostDigits),
        "cast an argument to fewer: x::numeric(18, 4)", at};
  }
  return folded(std::make_unique<CallNode>(*type, function->kernel, std::move(args)), is_constant,
                at);
}

NodeRef Binder::bind_field(const Syntax& syntax) {
  if (syntax.args.size() != 2 || syntax.args[0].kind != Syntax::Kind::text) {
    throw BindProblem{fmt::format("{} wants a field and a time", syntax.name),
                      "write extract(hour from at)", syntax.at};
  }
  const auto unit = time_unit(syntax.args[0].name);
  if (!unit) {
    throw BindProblem{
        fmt::format("times have no field \"{}\"", syntax.args[0].name),
        "there are year, quarter, month, week, day, dow, doy, hour, minute, second, epoch, …",
        syntax.args[0].at};
  }
  auto args = bind_all(syntax);
  return call(has_fraction(*unit) ? "field seconds" : "field whole", std::move(args), syntax.at);
}

NodeRef Binder::bind_rounding(const Syntax& syntax) {
  auto value = bind(syntax.args[0]);
  const auto family = value->type().family;
  if (family == Family::float64) {
    throw BindProblem{fmt::format("{} of a float64 has no decimals to give", syntax.name),
                      fmt::format("write {}(x::numeric, 2)", syntax.name), syntax.at};
  }
  const auto places = bind(syntax.args[1]);
  const auto* constant = dynamic_cast<const ConstantNode*>(places.get());
  if (constant == nullptr || places->type().family != Family::int64) {
    throw BindProblem{fmt::format("the decimals that {} keeps must be a constant", syntax.name), "",
                      syntax.args[1].at};
  }
  const auto wanted = std::clamp<std::int64_t>(Reader<std::int64_t>(constant->value())[0],
                                               -kMostDigits, kMostDigits);
  if (family != Family::decimal) {
    if (!converts(family, Family::decimal)) {
      throw BindProblem{fmt::format("{} wants a number", syntax.name), "", syntax.at};
    }
    const auto exact = decimal_for(value);
    value = convert_to(std::move(value), exact, syntax.args[0].at);
  }
  const auto from = value->type();
  const int scale = static_cast<int>(std::max<std::int64_t>(wanted, 0));
  const int whole = std::min(from.precision - from.scale + 1, kMostDigits - scale);
  const auto type = decimal_value(std::max(whole, 0) + scale, scale);
  const bool is_constant = value->is_constant();
  return folded(std::make_unique<RoundNode>(std::move(value), type, static_cast<int>(wanted),
                                            syntax.name == "trunc"),
                is_constant, syntax.at);
}

}  // namespace flowrun::expr
