// aggregate: one row for each group of rows.
#include "nodes/catalog.h"
#include "nodes/transforms/aggregate_plan.h"
#include "nodes/transforms/aggregate_state.h"

namespace flowrun::nodes {
namespace {

NodeSpec aggregate_spec() {
  return {
      .name = "aggregate",
      .summary =
          "Makes one row of each group of rows: counts, sums, averages, extremes, quantiles.",
      .notes =
          "Out come the columns of `by`, then those of `values`, one row for each group of a unit "
          "(a window or a load), in the order in which the groups first appear. Null is a key like "
          "any other. Without `by` all rows are one group, which is there even where no row is.\n\n"
          "Each entry of `values` is one aggregate, with or without a name behind it; an "
          "expression "
          "of aggregates (`sum(a) / sum(b)`) is derived afterwards:\n\n"
          "- `count(*)`, `count(x)`, `count(distinct x)`: int64\n"
          "- `sum(x)`: int64, decimal(38, s) or float64, as x is\n"
          "- `avg(x)`: float64 of a float64, else a decimal with at least 16 decimals\n"
          "- `min(x)`, `max(x)`: texts compare by bytes, nan is the largest number\n"
          "- `first(x)`, `last(x)`: by the order of the input\n"
          "- `quantile(x, 0.95)`: float64, between two values in proportion (PostgreSQL's "
          "`percentile_cont`)\n"
          "- `stddev(x)`, `variance(x)`: float64, of a sample; null of a single value\n"
          "- `bool_and(x)`, `bool_or(x)`\n\n"
          "Nulls are passed over, by `first` and `last`, too; where nothing is left, a count is 0 "
          "and all else null. Sums are exact, those of float64 as well: they are rounded once, at "
          "the end, so that no order of the rows changes them.\n\n"
          "A row for which a key or an argument has no value (a division by zero, a bad cast) is a "
          "reject. A group whose sum or average leaves its type is a reject, too: in place of the "
          "row that it would have made; cast to a wider type (`sum(x::numeric(38, 0))`).\n\n"
          "Memory: the groups; and every value for `quantile`, every different one for "
          "`count(distinct x)`. All rows taken count as absorbed, the rows of the groups as made.",
      .options = {{.name = "by",
                   .kind = OptionKind::targets,
                   .help =
                       "What the rows of a group have in common: columns, or expressions with a "
                       "name.",
                   .example = "[\"device\", \"date_trunc('hour', at) as hour\"]"},
                  {.name = "values",
                   .kind = OptionKind::targets,
                   .help = "What to work out of each group.",
                   .required = true,
                   .example =
                       "[\"count(*) as lines\", \"sum(quantity * unit_price) as revenue\"]"}},
      .example =
          "[transforms.by_country]\ntype   = \"aggregate\"\ninput  = \"lines\"\n"
          "by     = [\"country\", \"sold_at::date as day\"]\n"
          "values = [\"count(*) as lines\", \"sum(quantity * unit_price) as revenue\"]\n"};
}

class Aggregate final : public Accumulator {
 public:
  explicit Aggregate(std::shared_ptr<const AggregatePlan> plan) : plan_(std::move(plan)) {}
  [[nodiscard]] std::unique_ptr<AccumulatorState> begin(const Unit&) const override {
    return make_aggregate_state(plan_);
  }

 private:
  std::shared_ptr<const AggregatePlan> plan_;
};

Binding bind_aggregate(BindContext& context) {
  Binding binding;
  auto plan = std::make_shared<AggregatePlan>();
  if (!read_aggregate(context, *plan)) return binding;
  Port port{.schema = plan->output};
  for (const auto& key : plan->keys) port.unchanged_from.push_back(key.expression.as_column());
  port.unchanged_from.resize(plan->output->size());
  binding.outputs.push_back(std::move(port));
  for (const auto& value : plan->values) {
    binding.needs_order = binding.needs_order || value.function == AggregateFunction::first ||
                          value.function == AggregateFunction::last;
  }
  binding.make_accumulator = [plan](std::int64_t) { return std::make_unique<Aggregate>(plan); };
  return binding;
}

}  // namespace

NodeType aggregate() { return {aggregate_spec(), bind_aggregate}; }

}  // namespace flowrun::nodes
