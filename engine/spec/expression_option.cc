#include "engine/spec/expression_option.h"

#include <fmt/format.h>

#include "engine/data/text.h"
#include "engine/expr/interval.h"

namespace flowrun {
namespace {

/// A parameter as the value that its type says; without a type it is what a quoted literal is.
expr::Vector vector_of(const BoundValue& bound) {
  if (bound.type == "duration") {
    const auto span = parse_duration(bound.text);
    return expr::constant_vector<expr::Interval128>({expr::Family::interval},
                                                    {0, 0, span.value_or(0)});
  }
  const auto type = parse_type(bound.type);
  if (type && !type->is_text()) {
    ColumnBuilder builder(*type);
    if (parse_append(builder, bound.text)) return {expr::value_type(*type), builder.finish(), true};
  }
  return expr::constant_vector<std::string>({expr::Family::unknown}, bound.text);
}

/// The expression as it was written, with variables and not what stands for them.
std::string written_text(const OptionValue& value) {
  auto text = value.text();
  for (const auto& bound : value.bound) text.replace(bound.at, bound.written.size(), bound.written);
  return text;
}

expr::Scope scope_of(BindContext& context, const OptionValue& value, const Schema& schema) {
  expr::Scope scope{.schema = &schema, .now = context.now()};
  for (const auto& bound : value.bound) scope.parameters.push_back(vector_of(bound));
  return scope;
}

/// How much of the text the caret line marks: a word, or a character.
std::size_t word_length(const std::string& text, std::size_t at) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  auto end = at;
  while (end < text.size() && is_word(text[end])) ++end;
  return std::max<std::size_t>(end - at, 1);
}

}  // namespace

void report_at(BindContext& context, const OptionValue& value, std::size_t at, std::string code,
               std::string message, std::string hint) {
  const auto& text = value.text();
  const auto place = std::min(at, text.empty() ? 0 : text.size() - 1);
  context.error_at(context.inside(value, place, word_length(text, place)), std::move(code),
                   std::move(message), std::move(hint));
}

std::optional<expr::Expression> compile_option(BindContext& context, const OptionValue& value,
                                               const Schema& schema) {
  expr::SyntaxError error;
  const auto syntax = expr::parse_expression(value.text(), error);
  auto compiled =
      syntax ? expr::compile(*syntax, written_text(value), scope_of(context, value, schema), error)
             : std::nullopt;
  if (!compiled) report_at(context, value, error.at, "bad-expression", error.message, error.hint);
  return compiled;
}

std::optional<expr::Expression> compile_condition(BindContext& context, const OptionValue& value,
                                                  const Schema& schema) {
  auto compiled = compile_option(context, value, schema);
  if (!compiled || compiled->type() == kBoolean) return compiled;
  report_at(context, value, 0, "wrong-type",
            fmt::format("a condition is wanted, and this is {}", to_string(compiled->type())),
            "compare it with something");
  return std::nullopt;
}

std::vector<TargetOption> parse_targets(BindContext& context, const OptionValue& value) {
  std::vector<TargetOption> targets;
  const auto add = [&](const OptionValue& item) {
    expr::SyntaxError error;
    auto target = expr::parse_target(item.text(), error);
    if (target) {
      targets.push_back({std::move(*target), &item});
    } else {
      report_at(context, item, error.at, "bad-expression", error.message, error.hint);
    }
  };
  if (value.is_text()) {
    add(value);
  } else {
    for (const auto& item : value.list()) add(item);
  }
  return targets;
}

std::optional<expr::Expression> compile_part(BindContext& context, const TargetOption& target,
                                             const expr::Syntax& syntax, const Schema& schema) {
  expr::SyntaxError error;
  const auto& value = *target.value;
  auto compiled =
      expr::compile(syntax, written_text(value), scope_of(context, value, schema), error);
  if (!compiled) report_at(context, value, error.at, "bad-expression", error.message, error.hint);
  return compiled;
}

Reject failure_reject(const expr::Expression& expression, const expr::Failure& failure,
                      const Batch& batch, const std::string& column) {
  return {.reason = fmt::format("{} in {}", failure.reason, expression.text()),
          .column = column,
          .value = failure.value,
          .record = record_of(batch, failure.row),
          .ordinal = batch.ordinal(failure.row)};
}

}  // namespace flowrun
