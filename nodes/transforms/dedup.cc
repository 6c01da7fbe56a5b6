// dedup: keeps one row of each key, or those that change something.
#include <fmt/format.h>

#include <algorithm>

#include "nodes/catalog.h"
#include "nodes/transforms/dedup_state.h"

namespace flowrun::nodes {
namespace {

constexpr const char* kNotes =
    "Rows leave in the order of the input, once a unit's input has ended: duplicates are found "
    "within a unit (a window or a load). Null is a key like any other. With `order_by` the row "
    "with "
    "the largest value stays (with `keep = \"first\"` the smallest); rows with equal values are "
    "told apart by the input's order (rows made of one input row by their values), and a null "
    "value loses to any other. In the summary all rows taken count as absorbed and the rows kept "
    "as made; the difference is the duplicates.\n\n"
    "With `prefer = \"row\"` that row leaves as it is. With `prefer = \"non_null\"` each column "
    "that is null in it takes the value of the next best row of the key that has one: the newest "
    "value that is not null (with `keep = \"first\"` the oldest).\n\n"
    "`keep = \"changes\"` keeps of the rows of a key, in the order of `order_by`, the first and "
    "every one that differs in a column of `compare` from the row before it, null being equal to "
    "null: A, A, B, B, A leaves A, B, A. A history that is stored already goes on where its rows "
    "come in as well: put both together with `union`, the stored source first in the file, and "
    "drop the stored ones behind it.\n\n"
    "Memory: the rows kept, some 60 bytes a key, and about as many rows again that have lost; "
    "with `keep = \"changes\"` all rows of a unit and 24 bytes a row.";

NodeSpec dedup_spec() {
  return {
      .name = "dedup",
      .summary = "Keeps one row of each key, or those that change something.",
      .notes = kNotes,
      .options = {{.name = "key",
                   .kind = OptionKind::columns,
                   .help = "The columns that say which rows are the same.",
                   .required = true,
                   .example = "[\"ship_id\", \"channel\", \"created_time\"]"},
                  {.name = "keep",
                   .kind = OptionKind::choice,
                   .help = "Which of them stays, the last or the first, or each that changes "
                           "something.",
                   .fallback = "last",
                   .choices = {"last", "first", "changes"},
                   .example = "\"first\""},
                  {.name = "prefer",
                   .kind = OptionKind::choice,
                   .help = "Whether that row stays whole, or takes values from the others where "
                           "it has none.",
                   .fallback = "row",
                   .choices = {"row", "non_null"},
                   .example = "\"non_null\""},
                  {.name = "compare",
                   .kind = OptionKind::columns,
                   .help = "changes: the columns in which a row must differ from the one before "
                           "to stay.",
                   .example = "[\"name\", \"city\"]"},
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
    if (!plan_->compare.empty()) return make_changes_state(plan_);
    return plan_->filled.empty() ? make_row_state(plan_) : make_filled_state(plan_);
  }

 private:
  std::shared_ptr<const DedupPlan> plan_;
};

std::vector<std::size_t> columns_of(BindContext& context, const std::string& option) {
  std::vector<std::size_t> columns;
  for (const auto& name : context.options().names(option)) {
    const auto column = context.input().index_of(name).value();
    if (std::find(columns.begin(), columns.end(), column) != columns.end()) {
      context.error(option, "duplicate-column", fmt::format("column \"{}\" stands twice", name));
    } else {
      columns.push_back(column);
    }
  }
  return columns;
}

void check_changes(BindContext& context, const DedupPlan& plan) {
  const auto& options = context.options();
  const bool changes = options.text("keep") == "changes";
  if (changes && plan.compare.empty()) {
    context.error("keep", "no-columns", "keep = \"changes\" needs columns to compare",
                  "add compare = [...], the columns that make a row another one");
  }
  if (!changes && options.has("compare")) {
    context.error("compare", "option-without-effect",
                  "\"compare\" means something with keep = \"changes\" only");
  }
  if (changes && options.text("prefer") == "non_null") {
    context.error("prefer", "option-without-effect",
                  "prefer = \"non_null\" means something where one row of a key stays only",
                  "leave it out, or keep \"last\" or \"first\"");
  }
}

Binding bind_dedup(BindContext& context) {
  const auto& input = context.input();
  const auto& options = context.options();
  auto plan = std::make_shared<DedupPlan>();
  plan->schema = context.input_ref();
  plan->keeps_last = options.text("keep") != "first";
  plan->key = columns_of(context, "key");
  if (plan->key.empty()) context.error("key", "no-columns", "the key has no column");
  if (options.has("order_by")) plan->order_by = input.index_of(options.text("order_by"));
  plan->compare = columns_of(context, "compare");
  check_changes(context, *plan);

  Binding binding;
  auto port = unchanged_port(context.input_ref());
  const bool fills = options.text("prefer") == "non_null";
  for (std::size_t column = 0; column < input.size() && fills; ++column) {
    if (std::find(plan->key.begin(), plan->key.end(), column) != plan->key.end()) continue;
    plan->filled.push_back(column);
    port.unchanged_from[column].reset();
  }
  if (fills) port.sparse = context.sparse();  // a null still says that nothing arrived
  binding.outputs.push_back(std::move(port));
  binding.needs_order = !plan->order_by;
  binding.whole_rows = !fills;
  binding.make_accumulator = [plan](std::int64_t) { return std::make_unique<Dedup>(plan); };
  return binding;
}

}  // namespace

NodeType dedup() { return {dedup_spec(), bind_dedup}; }

}  // namespace flowrun::nodes
