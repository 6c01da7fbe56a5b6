#include "nodes/kernels/constants.h"

#include <fmt/format.h>

#include <optional>

#include "engine/data/text.h"

namespace flowrun::nodes {
namespace {

/// The text that stands for a constant of the given type; nothing where the kinds do not fit.
std::optional<std::string> constant_text(const OptionValue& value, Type type) {
  if (const auto* flag = std::get_if<bool>(&value.value)) {
    return type.id == TypeId::boolean ? std::optional<std::string>(*flag ? "true" : "false")
                                      : std::nullopt;
  }
  if (const auto* whole = std::get_if<std::int64_t>(&value.value)) {
    return type.is_number() ? std::optional(std::to_string(*whole)) : std::nullopt;
  }
  if (const auto* number = std::get_if<double>(&value.value)) {
    std::string text;
    int scale = 0;
    append_float(text, *number, scale);
    return type.is_number() ? std::optional(text) : std::nullopt;
  }
  const bool as_text =
      type.is_text() || type.is_time() || type.id == TypeId::date || type.id == TypeId::decimal;
  return value.is_text() && as_text ? std::optional(value.text()) : std::nullopt;
}

}  // namespace

bool append_constant(BindContext& context, const std::string& column, const OptionValue& value,
                     ColumnBuilder& constants) {
  const auto type = constants.type();
  const auto text = constant_text(value, type);
  if (text && parse_append(constants, *text)) return true;
  const bool quoted = type.is_text() || type.is_time() || type.id == TypeId::date;
  context.error_at(value.span, "wrong-type",
                   fmt::format("column \"{}\" is {}; the value is not", column, to_string(type)),
                   text || !quoted ? "" : "write it as a string");
  return false;
}

}  // namespace flowrun::nodes
