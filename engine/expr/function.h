// The functions and operators of expressions: what they take, what they give.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/expr/node.h"

namespace flowrun::expr {

/// The type of a result, given those of the arguments; nothing where there is none (a scale beyond
/// what decimals have).
using ResultType = std::optional<ValueType> (*)(std::span<const ValueType> args);

/// One way to call a function. Arguments are brought to the declared families first; decimals keep
/// their own precision and scale.
struct Function {
  std::string_view name;
  std::vector<Family> args;
  ResultType result;
  Kernel kernel;
};

/// All ways to call functions called `name`.
[[nodiscard]] std::vector<const Function*> functions_named(std::string_view name);
/// Whether a name is that of an operator: "||".
[[nodiscard]] bool is_operator(std::string_view name);
/// Every name, for suggestions and documentation; operators are left out.
[[nodiscard]] std::vector<std::string> function_names();

/// The tables, by what they work on.
[[nodiscard]] std::span<const Function> number_functions();
[[nodiscard]] std::span<const Function> comparison_functions();
[[nodiscard]] std::span<const Function> text_functions();
[[nodiscard]] std::span<const Function> digest_functions();
[[nodiscard]] std::span<const Function> time_functions();

template <Family F>
[[nodiscard]] std::optional<ValueType> gives(std::span<const ValueType>) {
  return ValueType{F};
}

}  // namespace flowrun::expr
