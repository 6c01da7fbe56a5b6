#include "engine/expr/tree_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

namespace flowrun::expr {
namespace {

// The walk recurses, and so does whatever walks the result.
constexpr int kDeepest = 200;

/// Walks libpg_query's tree. Locations in it are bytes of the whole statement.
class TreeReader {
 public:
  explicit TreeReader(std::size_t before) : before_(before) {}

  Syntax read(const PgQuery__Node* node) {
    if (node == nullptr) throw Refused{"something is missing here", "", 0};
    if (++depth_ > kDeepest) throw Refused{"it is nested too deeply", "split it up", 0};
    auto syntax = read_kind(*node);
    --depth_;
    return syntax;
  }

 private:
  [[nodiscard]] std::size_t place(std::int32_t location) const {
    return location < 0 ? 0
                        : static_cast<std::size_t>(location) -
                              std::min<std::size_t>(before_, static_cast<std::size_t>(location));
  }

  Syntax read_kind(const PgQuery__Node& node) {
    switch (node.node_case) {
      case PG_QUERY__NODE__NODE_COLUMN_REF:
        return column(*node.column_ref);
      case PG_QUERY__NODE__NODE_A_CONST:
        return constant(*node.a_const);
      case PG_QUERY__NODE__NODE_PARAM_REF:
        return {.kind = Syntax::Kind::parameter,
                .integer = node.param_ref->number,
                .at = place(node.param_ref->location)};
      case PG_QUERY__NODE__NODE_A_EXPR:
        return operation(*node.a_expr);
      case PG_QUERY__NODE__NODE_BOOL_EXPR:
        return logic(*node.bool_expr);
      case PG_QUERY__NODE__NODE_TYPE_CAST:
        return cast(*node.type_cast);
      case PG_QUERY__NODE__NODE_FUNC_CALL:
        return function(*node.func_call);
      case PG_QUERY__NODE__NODE_CASE_EXPR:
        return choice(*node.case_expr);
      case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return call("coalesce", node.coalesce_expr->args, node.coalesce_expr->n_args,
                    node.coalesce_expr->location);
      case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
        return call(
            node.min_max_expr->op == PG_QUERY__MIN_MAX_OP__IS_GREATEST ? "greatest" : "least",
            node.min_max_expr->args, node.min_max_expr->n_args, node.min_max_expr->location);
      case PG_QUERY__NODE__NODE_NULL_TEST:
        return {.kind = Syntax::Kind::call,
                .name = node.null_test->nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NULL
                            ? "is_null"
                            : "is_not_null",
                .args = {read(node.null_test->arg)},
                .at = place(node.null_test->location)};
      case PG_QUERY__NODE__NODE_BOOLEAN_TEST:
        return truth_test(*node.boolean_test);
      case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
        return moment(*node.sqlvalue_function);
      case PG_QUERY__NODE__NODE_SUB_LINK:
        throw Refused{"a subquery cannot stand in an expression", "use a lookup node",
                      node.sub_link->location};
      case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
        throw Refused{"arrays are not supported in expressions", "", node.a_array_expr->location};
      case PG_QUERY__NODE__NODE_ROW_EXPR:
        throw Refused{"rows are not supported in expressions", "write one expression",
                      node.row_expr->location};
      case PG_QUERY__NODE__NODE_COLLATE_CLAUSE:
        throw Refused{"collations are not supported: texts compare by their bytes", "",
                      node.collate_clause->location};
      case PG_QUERY__NODE__NODE_A_INDIRECTION:
        throw Refused{"elements and fields of values are not supported in expressions", "", 0};
      default:
        throw Refused{"this construct of SQL is not supported in expressions", "", 0};
    }
  }

  Syntax column(const PgQuery__ColumnRef& ref) const {
    if (ref.n_fields > 0 && ref.fields[0]->node_case == PG_QUERY__NODE__NODE_A_STAR) {
      throw Refused{"\"*\" is no value", "name a column", ref.location};
    }
    if (ref.n_fields != 1 || ref.fields[0]->node_case != PG_QUERY__NODE__NODE_STRING) {
      throw Refused{"a column has one name, without a table in front of it",
                    "put a name with dots in double quotes: \"a.b\"", ref.location};
    }
    return {.kind = Syntax::Kind::column,
            .name = ref.fields[0]->string->sval,
            .at = place(ref.location)};
  }

  Syntax constant(const PgQuery__AConst& value) const {
    Syntax out{.at = place(value.location)};
    if (value.isnull != 0) return out;
    switch (value.val_case) {
      case PG_QUERY__A__CONST__VAL_IVAL:
        out.kind = Syntax::Kind::integer;
        out.integer = value.ival->ival;
        return out;
      case PG_QUERY__A__CONST__VAL_FVAL:
        out.kind = Syntax::Kind::number;
        out.name = value.fval->fval;
        return out;
      case PG_QUERY__A__CONST__VAL_SVAL:
        out.kind = Syntax::Kind::text;
        out.name = value.sval->sval;
        return out;
      case PG_QUERY__A__CONST__VAL_BOOLVAL:
        out.kind = Syntax::Kind::boolean;
        out.integer = value.boolval->boolval != 0 ? 1 : 0;
        return out;
      default:
        throw Refused{"bit strings are not supported", "", value.location};
    }
  }

  Syntax call(std::string name, PgQuery__Node** args, std::size_t count, std::int32_t location) {
    Syntax out{.kind = Syntax::Kind::call, .name = std::move(name), .at = place(location)};
    for (std::size_t i = 0; i < count; ++i) out.args.push_back(read(args[i]));
    return out;
  }

  static std::string last_name(PgQuery__Node** names, std::size_t count, std::int32_t location) {
    if (count == 0 || names[count - 1]->node_case != PG_QUERY__NODE__NODE_STRING) {
      throw Refused{"this name is not understood", "", location};
    }
    std::string name = names[count - 1]->string->sval;
    const bool own =
        count == 1 || (count == 2 && std::string_view(names[0]->string->sval) == "pg_catalog");
    if (!own)
      throw Refused{fmt::format("\"{}\" of a schema is not known here", name), "", location};
    return name;
  }

  Syntax operation(const PgQuery__AExpr& expr) {
    const auto two = [&](std::string name) {
      Syntax out{.kind = Syntax::Kind::call, .name = std::move(name), .at = place(expr.location)};
      if (expr.lexpr != nullptr) out.args.push_back(read(expr.lexpr));
      out.args.push_back(read(expr.rexpr));
      return out;
    };
    const auto name = last_name(expr.name, expr.n_name, expr.location);
    switch (expr.kind) {
      case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
        return two(expr.lexpr == nullptr ? "unary " + name : name == "!=" ? "<>" : name);
      case PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT:
        return two("is_distinct");
      case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT:
        return two("is_not_distinct");
      case PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF:
        return two("nullif");
      case PG_QUERY__A__EXPR__KIND__AEXPR_LIKE:
        return pattern(two(name == "~~" ? "like" : "not_like"));
      case PG_QUERY__A__EXPR__KIND__AEXPR_ILIKE:
        return pattern(two(name == "~~*" ? "ilike" : "not_ilike"));
      case PG_QUERY__A__EXPR__KIND__AEXPR_IN:
        return membership(expr, name == "<>");
      case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
      case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
      case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM:
      case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM:
        return between(expr);
      case PG_QUERY__A__EXPR__KIND__AEXPR_SIMILAR:
        throw Refused{"\"similar to\" is not supported", "use ~ with a regular expression",
                      expr.location};
      default:
        throw Refused{"\"any\" and \"all\" are not supported", "use in (…)", expr.location};
    }
  }

  /// The grammar turns `escape` into a call around the pattern.
  static Syntax pattern(Syntax like) {
    auto& right = like.args.at(1);
    if (right.kind == Syntax::Kind::call && right.name == "like_escape") {
      auto args = std::move(right.args);
      like.args.pop_back();
      std::move(args.begin(), args.end(), std::back_inserter(like.args));
    }
    return like;
  }

  Syntax membership(const PgQuery__AExpr& expr, bool negated) {
    Syntax out{
        .kind = Syntax::Kind::call, .name = negated ? "not_in" : "in", .at = place(expr.location)};
    out.args.push_back(read(expr.lexpr));
    if (expr.rexpr == nullptr || expr.rexpr->node_case != PG_QUERY__NODE__NODE_LIST) {
      throw Refused{"\"in\" wants a list of values", "", expr.location};
    }
    const auto& list = *expr.rexpr->list;
    for (std::size_t i = 0; i < list.n_items; ++i) out.args.push_back(read(list.items[i]));
    return out;
  }

  Syntax between(const PgQuery__AExpr& expr) {
    const auto kind = expr.kind;
    const bool negated = kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN ||
                         kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM;
    const bool symmetric = kind == PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM ||
                           kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM;
    const auto& bounds = *expr.rexpr->list;
    const auto value = read(expr.lexpr);
    const auto low = read(bounds.items[0]);
    const auto high = read(bounds.items[1]);
    const auto at = place(expr.location);
    const auto make = [at](std::string name, std::vector<Syntax> args) {
      return Syntax{
          .kind = Syntax::Kind::call, .name = std::move(name), .args = std::move(args), .at = at};
    };
    const auto within = [&](const Syntax& from, const Syntax& to) {
      return make("and", {make(">=", {value, from}), make("<=", {value, to})});
    };
    auto out = symmetric ? make("or", {within(low, high), within(high, low)}) : within(low, high);
    return negated ? make("not", {std::move(out)}) : out;
  }

  Syntax logic(const PgQuery__BoolExpr& expr) {
    const char* name = expr.boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR  ? "and"
                       : expr.boolop == PG_QUERY__BOOL_EXPR_TYPE__OR_EXPR ? "or"
                                                                          : "not";
    return call(name, expr.args, expr.n_args, expr.location);
  }

  Syntax truth_test(const PgQuery__BooleanTest& test) {
    constexpr std::array<const char*, 7> kNames{
        "", "is_true", "is_not_true", "is_false", "is_not_false", "is_unknown", "is_not_unknown"};
    return {.kind = Syntax::Kind::call,
            .name = kNames.at(static_cast<std::size_t>(test.booltesttype)),
            .args = {read(test.arg)},
            .at = place(test.location)};
  }

  Syntax cast(const PgQuery__TypeCast& cast) {
    const auto& type = *cast.type_name;
    Syntax out{.kind = Syntax::Kind::cast,
               .name = last_name(type.names, type.n_names, type.location),
               .args = {read(cast.arg)},
               .at = place(cast.location < 0 ? type.location : cast.location)};
    if (type.n_array_bounds != 0)
      throw Refused{"arrays are not supported in expressions", "", type.location};
    for (std::size_t i = 0; i < type.n_typmods; ++i) {
      const auto* modifier = type.typmods[i];
      if (modifier->node_case != PG_QUERY__NODE__NODE_A_CONST ||
          modifier->a_const->val_case != PG_QUERY__A__CONST__VAL_IVAL) {
        throw Refused{"a type's modifiers are whole numbers", "", type.location};
      }
      out.modifiers.push_back(modifier->a_const->ival->ival);
    }
    return out;
  }

  Syntax function(const PgQuery__FuncCall& expr) {
    auto name = last_name(expr.funcname, expr.n_funcname, expr.location);
    if (expr.over != nullptr) {
      throw Refused{"window functions are not supported", "use dedup or aggregate", expr.location};
    }
    if (expr.agg_filter != nullptr || expr.n_agg_order != 0 || expr.agg_within_group != 0) {
      throw Refused{fmt::format("{} takes no filter and no order here", name), "", expr.location};
    }
    if (expr.func_variadic != 0)
      throw Refused{"variadic calls are not supported", "", expr.location};
    auto out = call(std::move(name), expr.args, expr.n_args, expr.location);
    out.distinct = expr.agg_distinct != 0;
    if (expr.agg_star != 0) out.args.push_back({.kind = Syntax::Kind::star, .at = out.at});
    return out;
  }

  /// case → condition, result, …, otherwise.
  Syntax choice(const PgQuery__CaseExpr& expr) {
    Syntax out{.kind = Syntax::Kind::call, .name = "case", .at = place(expr.location)};
    for (std::size_t i = 0; i < expr.n_args; ++i) {
      const auto& when = *expr.args[i]->case_when;
      auto condition = read(when.expr);
      if (expr.arg != nullptr) {
        condition = {.kind = Syntax::Kind::call,
                     .name = "=",
                     .args = {read(expr.arg), std::move(condition)},
                     .at = place(when.location)};
      }
      out.args.push_back(std::move(condition));
      out.args.push_back(read(when.result));
    }
    out.args.push_back(expr.defresult != nullptr ? read(expr.defresult) : Syntax{.at = out.at});
    return out;
  }

  Syntax moment(const PgQuery__SQLValueFunction& function) const {
    const char* name = nullptr;
    switch (function.op) {
      case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_DATE:
        name = "current_date";
        break;
      case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP:
        name = "now";
        break;
      case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP:
        name = "localtimestamp";
        break;
      default:
        throw Refused{"this value of SQL is not known here", "", function.location};
    }
    return {.kind = Syntax::Kind::call, .name = name, .at = place(function.location)};
  }

  std::size_t before_;
  int depth_ = 0;
};

}  // namespace

Syntax read_tree(const PgQuery__Node& node, std::size_t before) {
  return TreeReader(before).read(&node);
}

}  // namespace flowrun::expr
