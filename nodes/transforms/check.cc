// check: judges rows, and all rows of a unit together, by rules.
#include "nodes/catalog.h"
#include "nodes/transforms/check_options.h"

namespace flowrun::nodes {
namespace {

constexpr const char* kNotes =
    "A rule is a table: `name`, `on_fail` and what it asks, one of\n\n"
    "| about each row | |\n|---|---|\n"
    "| `expr = \"quantity > 0\"` | a condition in PostgreSQL's language; null counts as holding, "
    "as "
    "in a CHECK of SQL |\n"
    "| `not_null = [\"a\", \"b\"]` | none of these columns is null |\n"
    "| `column = \"country\", values = [\"A\", \"B\"]` | one of these values, or null |\n"
    "| `column = \"route_id\", reference = { file = \"routes.csv\", column = \"id\" }` | a value "
    "of that column of a CSV file with a header, or null; the file is read when the pipeline is "
    "planned and is part of the plan |\n\n"
    "| about all rows of a window or load | |\n|---|---|\n"
    "| `row_count = { min = 1, max = 1000 }` | so many rows; one of the two may be left out |\n"
    "| `unique = [\"a\", \"b\"]` | no two rows are equal in these columns; rows with a null there "
    "are equal to none |\n"
    "| `freshness = { column = \"at\", within = \"2h\" }` | the newest value is at most so old "
    "when the run is planned; a timestamp without a zone is taken as UTC. Without a value it does "
    "not hold |\n\n"
    "`on_fail` says what happens where it does not hold: `reject` (rules about rows only) rejects "
    "the row; `warn` lets everything pass and says so at the end of the run; `error`, the default, "
    "ends the run with exit code 3, and nothing of the window or load is committed; what was "
    "committed before stays.\n\n"
    "Rules that reject go first, in their order: a row is rejected for the first one that it "
    "breaks, and all other rules see only the rows that are left. A row for which an `expr` has "
    "no value (a division by zero) is a reject whatever `on_fail` says.\n\n"
    "A load without a row is judged, too; a stretch of time for which files hold no row at all is "
    "no window. Rows without a time are judged by the rules about rows only. Rules are part of the "
    "plan: what was loaded under other ones is loaded, and judged, again.\n\n"
    "Rows pass unchanged, as they come. The output `NODE.results`, which need not be taken, has a "
    "row per rule and window or load: `unit`, `run`, `rule`, `on_fail`, `passed` (bool), `rows` "
    "(int64, that were judged), `failed` (int64, that break it; 0 for `row_count` and "
    "`freshness`), `detail`. Results of what was not committed are not committed either; the "
    "journal has them all: `flowrun runs RUN`.\n\n"
    "Memory: for `unique` its keys, some 60 bytes each and their texts; nothing for the others.";

NodeSpec check_spec() {
  return {.name = "check",
          .summary = "Judges rows, and all rows of a window or load together, by rules.",
          .notes = kNotes,
          .options = {{.name = "rules",
                       .kind = OptionKind::any,
                       .help = "The rules.",
                       .required = true,
                       .example =
                           "[{ name = \"sane\", expr = \"quantity > 0\", on_fail = \"reject\" }]",
                       .shape = "a list of tables, as told above",
                       .expressions = {"expr"}}},
          .example =
              "[transforms.sound]\ntype  = \"check\"\ninput = \"arrivals\"\nrules = [\n"
              "  { name = \"key present\", not_null = [\"chokepoint\", \"date\"], on_fail = "
              "\"reject\" },\n"
              "  { name = \"count sane\", expr = \"vessel_count >= 0\", on_fail = \"reject\" },\n"
              "  { name = \"not too many\", expr = \"vessel_count < 5000\", on_fail = \"warn\" },\n"
              "  { name = \"something came\", row_count = { min = 1 } },\n]\n"};
}

class Check final : public Accumulator {
 public:
  explicit Check(std::shared_ptr<const CheckPlan> plan) : plan_(std::move(plan)) {}
  [[nodiscard]] std::unique_ptr<AccumulatorState> begin(const Unit& unit) const override {
    return make_check_state(plan_, unit);
  }
  [[nodiscard]] bool flushes_empty() const override { return true; }

 private:
  std::shared_ptr<const CheckPlan> plan_;
};

Binding bind_check(BindContext& context) {
  Binding binding;
  const auto plan = read_check_rules(context, binding.content_hash);
  binding.outputs.push_back(unchanged_port(context.input_ref()));
  binding.outputs.push_back({.name = "results", .schema = check_result_schema(), .optional = true});
  binding.make_accumulator = [plan](std::int64_t) { return std::make_unique<Check>(plan); };
  return binding;
}

}  // namespace

NodeType check() { return {check_spec(), bind_check}; }

}  // namespace flowrun::nodes
