// Expressions written as options: compiled, with what is wrong shown inside the text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/expr/expression.h"
#include "engine/spec/node_type.h"

namespace flowrun {

/// Compiles a value of kind expression (or one entry of kind expressions) over `schema`. Nothing
/// after a diagnostic at the place in the text.
[[nodiscard]] std::optional<expr::Expression> compile_option(BindContext& context,
                                                             const OptionValue& value,
                                                             const Schema& schema);

/// The same, of a condition: anything but a boolean is reported.
[[nodiscard]] std::optional<expr::Expression> compile_condition(BindContext& context,
                                                                const OptionValue& value,
                                                                const Schema& schema);

/// Parses a value of kind targets; those with a mistake are reported and left out.
struct TargetOption {
  expr::Target target;
  const OptionValue* value = nullptr;
};
[[nodiscard]] std::vector<TargetOption> parse_targets(BindContext& context,
                                                      const OptionValue& value);

/// Compiles a part of a target.
[[nodiscard]] std::optional<expr::Expression> compile_part(BindContext& context,
                                                           const TargetOption& target,
                                                           const expr::Syntax& syntax,
                                                           const Schema& schema);

/// Reports a mistake at byte `at` of an expression.
void report_at(BindContext& context, const OptionValue& value, std::size_t at, std::string code,
               std::string message, std::string hint = {});

/// The reject of a row that an expression has no value for.
[[nodiscard]] Reject failure_reject(const expr::Expression& expression,
                                    const expr::Failure& failure, const Batch& batch,
                                    const std::string& column);

}  // namespace flowrun
