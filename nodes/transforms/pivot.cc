// pivot: turns narrow rows (key, name, value) into wide ones, one column a name.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "nodes/catalog.h"
#include "nodes/kernels/cast.h"
#include "nodes/transforms/pivot_plan.h"
#include "nodes/transforms/pivot_state.h"

namespace flowrun::nodes {
namespace {

NodeSpec pivot_spec() {
  return {
      .name = "pivot",
      .summary = "Turns narrow rows (key, name, value) into wide ones, one column a name.",
      .notes =
          "Out come the `index` columns, then a column for each name, one row for each key, in the "
          "order in which the keys "
          "first appear. Null is a key like any other. A null value makes the row of its key and "
          "nothing else: a cell is null "
          "only where no row gave it a value. Rows whose name is null or has no column are "
          "rejects.\n\n"
          "Which of several values of a cell comes first is a matter of the input's order, never "
          "of threads. `sum` of int64 "
          "stays int64 (a row that would leave its range is a reject), of decimals is decimal(38, "
          "s); `mean` is float64. Float sums "
          "add up in the input's order, so they are the same in every run. `error` keeps the first "
          "value and rejects "
          "the others.\n\n"
          "Memory: about 13 bytes a value where rows of one key follow each other, 28 where they "
          "do not, and about 80 a key. "
          "Values that lost are forgotten when they take more room than the table would; sum, mean "
          "and error keep them "
          "all.",
      .options = {{.name = "index",
                   .kind = OptionKind::columns,
                   .help = "The key: one row leaves for each of its values.",
                   .required = true,
                   .example = "[\"ship_id\", \"created_time\"]"},
                  {.name = "name",
                   .kind = OptionKind::column,
                   .help = "The column that holds the names.",
                   .required = true,
                   .example = "\"channel\""},
                  {.name = "value",
                   .kind = OptionKind::column,
                   .help = "The column that holds the values.",
                   .required = true,
                   .example = "\"value\""},
                  {.name = "columns",
                   .kind = OptionKind::any,
                   .help =
                       "The names that become columns, in order: a list, or those that a routes "
                       "file sends to an output. Without "
                       "it, a pass over the input finds them, sorted, and later runs keep them.",
                   .example = "{ routes = \"channels.csv\", output = \"engine\" }",
                   .shape = "a list of names, or { routes = PATH, output = NAME }"},
                  {.name = "on_duplicate",
                   .kind = OptionKind::choice,
                   .help = "What becomes of several values of one cell.",
                   .fallback = "last",
                   .choices = {"last", "first", "min", "max", "sum", "mean", "error"},
                   .example = "\"mean\""},
                  {.name = "types",
                   .kind = OptionKind::types,
                   .help =
                       "Types of columns, by their names; the others have the type of the values.",
                   .example = "{ temperature = \"float64\" }"},
                  {.name = "column_template",
                   .kind = OptionKind::text,
                   .help = "What columns are called; {name} stands for the name.",
                   .fallback = "{name}",
                   .example = "\"ch_{name}\""}},
      .example =
          "[transforms.engine_wide]\ntype    = \"pivot\"\ninput   = \"by_system.engine\"\n"
          "index   = [\"ship_id\", \"created_time\"]\nname    = \"channel\"\nvalue   = \"value\"\n"
          "columns = { routes = \"channels.csv\", output = \"engine\" }\n"};
}

OnDuplicate on_duplicate_named(const std::string& name) {
  constexpr std::array<std::string_view, 7> kNames{"last", "first", "min",  "max",
                                                   "sum",  "mean",  "error"};
  return static_cast<OnDuplicate>(std::find(kNames.begin(), kNames.end(), name) - kNames.begin());
}

class Pivot final : public Accumulator {
 public:
  explicit Pivot(std::shared_ptr<PivotPlan> plan) : plan_(std::move(plan)) {}
  [[nodiscard]] std::unique_ptr<AccumulatorState> begin(const Unit&) const override {
    return make_pivot_state(plan_);
  }

 private:
  std::shared_ptr<PivotPlan> plan_;
};

/// Checks that index, name and value are different columns and notes their places.
bool read_roles(BindContext& context, PivotPlan& plan) {
  const auto& input = context.input();
  const auto& options = context.options();
  plan.input = context.input_ref();
  plan.name = input.index_of(options.text("name")).value();
  plan.value = input.index_of(options.text("value")).value();
  bool good = true;
  const auto clash = [&](std::string_view option, const std::string& name, const char* other) {
    context.error(option, "duplicate-column", fmt::format("column \"{}\" is also {}", name, other));
    good = false;
  };
  if (plan.value == plan.name) clash("value", options.text("value"), "the name");
  for (const auto& name : options.names("index")) {
    const auto column = input.index_of(name).value();
    if (column == plan.name) clash("index", name, "the name");
    if (column == plan.value) clash("index", name, "the value");
    if (std::find(plan.index.begin(), plan.index.end(), column) != plan.index.end()) {
      clash("index", name, "in the index already");
    }
    plan.index.push_back(column);
  }
  return good;
}

/// The type of the column that leaves, given that of its cells; nothing where the values cannot be
/// added up.
std::optional<Type> result_type(OnDuplicate on_duplicate, Type cell) {
  const bool adds = on_duplicate == OnDuplicate::sum || on_duplicate == OnDuplicate::mean;
  if (!adds) return cell;
  if (!cell.is_number()) return std::nullopt;
  if (on_duplicate == OnDuplicate::mean) return kFloat64;
  return cell.id == TypeId::decimal ? decimal_type(38, cell.scale) : cell;
}

/// Adds the column `field`, whose cells are of type `cell`.
bool add_column(BindContext& context, PivotPlan& plan, const std::string& column, Type cell) {
  const auto out = result_type(plan.on_duplicate, cell);
  if (!out) {
    context.error("on_duplicate", "wrong-type",
                  fmt::format("column \"{}\" is {}, which has no {}", column, to_string(cell),
                              context.options().text("on_duplicate")),
                  "give it a number's type by \"types\"");
    return false;
  }
  auto source = std::find(plan.sources.begin(), plan.sources.end(), cell);
  if (source == plan.sources.end()) source = plan.sources.insert(source, cell);
  plan.columns.push_back({cell, *out, static_cast<std::uint16_t>(source - plan.sources.begin())});
  return true;
}

std::string column_name(const std::string& pattern, const std::string& name) {
  constexpr std::string_view kPlace = "{name}";
  std::string out;
  std::size_t from = 0;
  for (auto at = pattern.find(kPlace); at != std::string::npos; at = pattern.find(kPlace, from)) {
    out += pattern.substr(from, at - from) + name;
    from = at + kPlace.size();
  }
  return out + pattern.substr(from);
}

/// The type of the cells of each column: that of the values, unless `types` says otherwise.
bool read_types(BindContext& context, const std::vector<std::string>& columns,
                std::vector<Type>& types) {
  const auto value_type =
      context.input().field(context.input().index_of(context.options().text("value")).value()).type;
  types.assign(columns.size(), value_type);
  const auto* given = context.options().raw("types");
  bool good = true;
  for (const auto& [name, text] : given == nullptr ? OptionValue::Table() : given->table()) {
    const auto at = std::find(columns.begin(), columns.end(), name);
    const auto type = parse_type(text.text()).value();
    if (at == columns.end()) {
      context.error_at(text.key_span, "unknown-column",
                       fmt::format("no column \"{}\" is made", name), suggest(name, columns));
      good = false;
    } else if (!can_cast(value_type, type)) {
      context.error_at(text.span, "impossible-cast",
                       fmt::format("values cannot be cast from {} to {}", to_string(value_type),
                                   to_string(type)));
      good = false;
    } else {
      types[static_cast<std::size_t>(at - columns.begin())] = type;
    }
  }
  return good;
}

bool check_template(BindContext& context, const std::string& pattern) {
  if (pattern.find("{name}") != std::string::npos) return true;
  context.error("column_template", "bad-template",
                fmt::format("\"{}\" does not hold {{name}}", pattern),
                "write for example \"ch_{name}\"");
  return false;
}

/// Gives `name` the next column, called `column`.
bool map_name(BindContext& context, PivotPlan& plan, const std::string& name,
              const std::string& column) {
  if (!plan.column_by_name.add(name, static_cast<std::int32_t>(plan.columns.size()))) {
    context.error("columns", "duplicate-column", fmt::format("the name \"{}\" stands twice", name));
    return false;
  }
  const bool is_index = std::any_of(plan.index.begin(), plan.index.end(), [&](auto place) {
    return plan.input->field(place).name == column;
  });
  if (is_index) {
    context.error("columns", "duplicate-column",
                  fmt::format("column \"{}\" is in the index, too", column),
                  "tell them apart by \"column_template\"");
  }
  return !is_index;
}

/// Turns names into columns and makes the output schema.
bool make_columns(BindContext& context, const std::vector<std::string>& names, PivotPlan& plan) {
  if (names.size() > kMostPivotColumns) {
    context.error(
        "columns", "too-many-columns",
        fmt::format("{} columns; a pivot makes at most {}", names.size(), kMostPivotColumns));
    return false;
  }
  const auto& pattern = context.options().text("column_template");
  if (!check_template(context, pattern)) return false;
  std::vector<std::string> columns;
  for (const auto& name : names) columns.push_back(column_name(pattern, name));
  std::vector<Type> types;
  if (!read_types(context, columns, types)) return false;
  std::vector<Field> fields;
  for (const auto column : plan.index) fields.push_back(plan.input->field(column));
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!map_name(context, plan, names[i], columns[i])) return false;
    if (!add_column(context, plan, columns[i], types[i])) return false;
    fields.push_back({columns[i], plan.columns.back().out});
  }
  plan.output = make_schema(std::move(fields));
  return true;
}

Binding bind_pivot(BindContext& context) {
  Binding binding;
  auto plan = std::make_shared<PivotPlan>();
  plan->on_duplicate = on_duplicate_named(context.options().text("on_duplicate"));
  binding.needs_order = plan->on_duplicate == OnDuplicate::last ||
                        plan->on_duplicate == OnDuplicate::first ||
                        plan->on_duplicate == OnDuplicate::error;
  if (!read_roles(context, *plan)) return binding;
  const auto names = pivot_names(context, binding, *plan);
  if (!names || !make_columns(context, *names, *plan)) return binding;
  Port port{.schema = plan->output};
  for (const auto column : plan->index) port.unchanged_from.emplace_back(column);
  port.unchanged_from.resize(plan->output->size());
  port.sparse.assign(plan->index.size(), false);
  port.sparse.resize(plan->output->size(), true);
  binding.outputs.push_back(std::move(port));
  binding.make_accumulator = [plan](std::int64_t) { return std::make_unique<Pivot>(plan); };
  return binding;
}

}  // namespace

NodeType pivot() { return {pivot_spec(), bind_pivot}; }

}  // namespace flowrun::nodes
