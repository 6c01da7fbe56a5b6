// What a bound aggregate knows: its keys, the arguments of its functions, and what leaves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/expr/expression.h"
#include "engine/spec/node_type.h"

namespace flowrun::nodes {

enum class AggregateFunction {
  count,
  count_distinct,
  sum,
  avg,
  min,
  max,
  first,
  last,
  quantile,
  stddev,
  variance,
  bool_and,
  bool_or,
};

/// One function of a group's rows.
struct AggregateValue {
  AggregateFunction function = AggregateFunction::count;
  std::optional<std::size_t> argument;  ///< index into AggregatePlan::arguments; none: count(*)
  Type type;                            ///< of the argument
  Type out;
  double fraction = 0;  ///< quantile
};

/// An expression and the column of the output that it is for.
struct AggregateInput {
  expr::Expression expression;
  std::string column;
};

/// Constant once bound; shared by the states of all units.
struct AggregatePlan {
  std::vector<AggregateInput> keys;
  std::vector<AggregateInput> arguments;  ///< each once, however many functions take it
  std::vector<AggregateValue> values;     ///< behind the keys in the output
  SchemaRef key_schema;
  SchemaRef output;
};

/// Reads the options `by` and `values`; false after diagnostics.
[[nodiscard]] bool read_aggregate(BindContext& context, AggregatePlan& plan);

}  // namespace flowrun::nodes
