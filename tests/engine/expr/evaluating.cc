#include "tests/engine/expr/evaluating.h"

#include <fmt/format.h>

#include "engine/data/text.h"
#include "tests/support/batches.h"

namespace flowrun::testing {

std::string evaluated(const std::string& expression, const Batch& batch,
                      std::vector<ColumnRef> parameters) {
  expr::SyntaxError error;
  expr::Scope scope{&batch.schema(), kNow};
  for (auto& column : parameters) {
    scope.parameters.push_back({expr::value_type(column->type()), column, true});
  }
  const auto compiled = expr::compile(expression, scope, error);
  if (!compiled) {
    return fmt::format("at {}: {}{}", error.at, error.message,
                       error.hint.empty() ? "" : " (" + error.hint + ")");
  }
  const auto values = compiled->evaluate(batch);
  std::string out;
  auto failure = values.failures.begin();
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    if (row > 0) out += ",";
    if (failure != values.failures.end() && failure->row == row) {
      out += "!" + failure->reason + ": " + failure->value;
      ++failure;
    } else {
      out += values.column->is_valid(row) ? text_of(*values.column, row) : "~";
    }
  }
  return out;
}

std::string evaluated(const std::string& expression) {
  return evaluated(expression, *batch_of("none int64", "1"));
}

}  // namespace flowrun::testing
