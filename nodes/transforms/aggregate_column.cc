#include "nodes/transforms/aggregate_column.h"

namespace flowrun::nodes {

AggregateColumnRef make_aggregate_column(const AggregateValue& value) {
  switch (value.function) {
    case AggregateFunction::count:
      return make_count(value);
    case AggregateFunction::count_distinct:
      return make_distinct(value);
    case AggregateFunction::sum:
    case AggregateFunction::avg:
      return make_sum(value);
    case AggregateFunction::quantile:
      return make_quantile(value);
    case AggregateFunction::stddev:
    case AggregateFunction::variance:
      return make_spread(value);
    default:
      return make_pick(value);
  }
}

}  // namespace flowrun::nodes
