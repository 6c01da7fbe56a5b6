// dedup: keeps one row of each key.
#include <fmt/format.h>

#include <algorithm>

#include "nodes/catalog.h"
#include "nodes/transforms/dedup_state.h"

namespace flowrun::nodes {
namespace {

NodeSpec dedup_spec() {
  return {
      .name = "dedup",
      .summary = "Keeps one row of each key.",
      .notes =
          "Rows leave unchanged, in the order of the input, once a unit's input has ended: "
          "duplicates are found within a "
          "unit (a window or a load). Null is a key like any other. With `order_by` the row with "
          "the largest value stays "
          "(with `keep = \"first\"` the smallest); rows with equal values are told apart by the "
          "input's order (rows made of one input row by their values), and a "
          "null value loses to any other. In the summary all rows taken count as absorbed and the "
          "rows kept as "
          "made; the difference is the duplicates.\n\n"
          "Memory: the rows kept, some 60 bytes a key, and at most as many rows again that have "
          "lost.",
      .options = {{.name = "key",
                   .kind = OptionKind::columns,
                   .help = "The columns that say which rows are the same.",
                   .required = true,
                   .example = "[\"ship_id\", \"channel\", \"created_time\"]"},
                  {.name = "keep",
                   .kind = OptionKind::choice,
                   .help = "Which of them stays, the last or the first.",
                   .fallback = "last",
                   .choices = {"last", "first"},
                   .example = "\"first\""},
                  {.name = "order_by",
                   .kind = OptionKind::column,
                   .help = "The column that says what is last. Default: the order of the input.",
                   .example = "\"collected_at\""}},
      .example =
          "[transforms.newest]\ntype     = \"dedup\"\ninput    = \"arrivals\"\n"
          "key      = [\"chokepoint\", \"date\"]\norder_by = \"collected_at\"\n"};
}

class Dedup final : public Accumulator {
 public:
  explicit Dedup(std::shared_ptr<const DedupPlan> plan) : plan_(std::move(plan)) {}
  [[nodiscard]] std::unique_ptr<AccumulatorState> begin(const Unit&) const override {
    return make_dedup_state(plan_);
  }

 private:
  std::shared_ptr<const DedupPlan> plan_;
};

Binding bind_dedup(BindContext& context) {
  const auto& input = context.input();
  const auto& options = context.options();
  auto plan = std::make_shared<DedupPlan>();
  plan->schema = context.input_ref();
  plan->keeps_last = options.text("keep") == "last";
  for (const auto& name : options.names("key")) {
    const auto column = input.index_of(name).value();
    if (std::find(plan->key.begin(), plan->key.end(), column) != plan->key.end()) {
      context.error("key", "duplicate-column", fmt::format("column \"{}\" stands twice", name));
    } else {
      plan->key.push_back(column);
    }
  }
  if (plan->key.empty()) context.error("key", "no-columns", "the key has no column");
  if (options.has("order_by")) plan->order_by = input.index_of(options.text("order_by"));

  Binding binding;
  binding.outputs.push_back(unchanged_port(context.input_ref()));
  binding.needs_order = !plan->order_by;
  binding.whole_rows = true;
  binding.make_accumulator = [plan](std::int64_t) { return std::make_unique<Dedup>(plan); };
  return binding;
}

}  // namespace

NodeType dedup() { return {dedup_spec(), bind_dedup}; }

}  // namespace flowrun::nodes
