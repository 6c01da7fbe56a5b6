// lookup: adds columns of the row of another table that has the same key.
#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/data/builder.h"
#include "engine/data/text.h"
#include "nodes/catalog.h"
#include "nodes/kernels/moments.h"
#include "nodes/transforms/lookup_plan.h"

namespace flowrun::nodes {
namespace {

constexpr const char* kNotes =
    "The table is a CSV file with a header or, where `table` names one, a table of an SQLite "
    "database. The types of its columns are found from a sample (a database's from the table's "
    "declarations, as the sqlite source does); those of the key must be the types of the input's "
    "columns, which `columns` says where they would be others. A key with a null finds "
    "nothing.\n\nA CSV file is read when the pipeline is planned, and what it holds is part of the "
    "plan: a changed file loads everything behind this node again. A database, and whatever comes "
    "`after` a sink, is read when the node is about to begin: it finds what that sink has "
    "committed, and what is loaded stays as it is when the table changes (`--full` loads it "
    "again). A table that is not there when the pipeline is planned needs `columns` for each "
    "column that is used.\n\nWith `as_of` the table holds versions: the row is taken that is "
    "valid at that time of the input's row, from `valid_from` (included) until `valid_until` "
    "(excluded); a null there is without end. Versions of a key must not overlap, and without "
    "`as_of` no key may stand twice.";

NodeSpec lookup_spec() {
  return {
      .name = "lookup",
      .summary = "Adds columns of the row of another table that has the same key.",
      .notes = kNotes,
      .options = {{.name = "file",
                   .kind = OptionKind::path,
                   .help = "The table: a CSV file with a header, or the SQLite database that "
                           "it is in.",
                   .required = true,
                   .example = "\"routes.csv\""},
                  {.name = "table",
                   .help = "The table's name in the database; without one the file is CSV.",
                   .example = "\"dim_route\""},
                  {.name = "columns",
                   .kind = OptionKind::types,
                   .help = "Types of columns of the table, where they would be found otherwise or "
                           "not at all.",
                   .example = "{ route_id = \"string\" }"},
                  {.name = "on",
                   .kind = OptionKind::any,
                   .help = "The columns of the key: those of the input, and of the table where "
                           "they are called otherwise.",
                   .required = true,
                   .example = "[\"route_id\"]",
                   .shape = "COLUMN, [COLUMN, …] or { COLUMN = TABLE_COLUMN, … }"},
                  {.name = "take",
                   .kind = OptionKind::any,
                   .help = "The columns of the table to add, and what they are to be called.",
                   .required = true,
                   .example = "{ route_sk = \"sk\" }",
                   .shape = "TABLE_COLUMN, [TABLE_COLUMN, …] or { COLUMN = TABLE_COLUMN, … }"},
                  {.name = "as_of",
                   .kind = OptionKind::column,
                   .help = "The time at which the table's row must be valid.",
                   .example = "\"event_time\""},
                  {.name = "valid_from",
                   .help = "The table's column with the time from which a row is valid.",
                   .fallback = "valid_from",
                   .example = "\"from\""},
                  {.name = "valid_until",
                   .help = "The table's column with the time until which it is.",
                   .fallback = "valid_to",
                   .example = "\"until\""},
                  {.name = "missing",
                   .kind = OptionKind::choice,
                   .help = "What becomes of a row that finds nothing.",
                   .fallback = "null",
                   .choices = {"null", "reject", "fail"},
                   .example = "\"reject\""}},
      .example =
          "[transforms.keyed]\ntype    = \"lookup\"\ninput   = \"telemetry\"\n"
          "file    = \"mart.db\"\ntable   = \"dim_route\"\non      = [\"route_id\"]\n"
          "as_of   = \"event_time\"\ntake    = [\"route_sk\"]\nmissing = \"reject\"\n"
          "columns = { valid_from = \"timestamp\", valid_to = \"timestamp\" }\n"};
}

class Lookup final : public Transform {
 public:
  explicit Lookup(std::shared_ptr<const LookupPlan> plan)
      : plan_(std::move(plan)), table_(plan_->table) {}

  void open(Log& log) override {
    if (table_) return;
    table_ = read_table(plan_->source, plan_->roles);
    log.debug("{}: {} rows to look up", plan_->source.shown, table_->rows());
  }

  void apply(const BatchRef& batch, Output& out) const override {
    std::vector<std::optional<LookupTable::Place>> found;
    std::vector<std::uint32_t> kept;
    std::string key;
    for (std::int64_t row = 0; row < batch->rows(); ++row) {
      const auto place = find(*batch, row, key);
      if (!place && plan_->missing != Missing::null) {
        refuse(*batch, row, out);
        continue;
      }
      found.push_back(place);
      kept.push_back(static_cast<std::uint32_t>(row));
    }
    if (kept.empty()) return;
    const bool all = static_cast<std::int64_t>(kept.size()) == batch->rows();
    const auto rows = all ? batch : take(*batch, kept);
    auto columns = rows->columns();
    for (const auto column : plan_->take) columns.push_back(taken(column, found));
    out.emit(0, std::make_shared<const Batch>(plan_->schema, std::move(columns), rows->rows(),
                                              rows->ordinals()));
  }

 private:
  [[nodiscard]] std::optional<LookupTable::Place> find(const Batch& batch, std::int64_t row,
                                                       std::string& key) const {
    key.clear();
    if (!append_key(batch, plan_->key, row, key)) return std::nullopt;
    if (!plan_->as_of) return table_->find(key, std::nullopt);
    const auto& times = batch.column(*plan_->as_of);
    if (!times.is_valid(row)) return std::nullopt;
    return table_->find(key, moment_of(times, row));
  }

  [[nodiscard]] ColumnRef taken(std::size_t column,
                                const std::vector<std::optional<LookupTable::Place>>& found) const {
    const auto place = plan_->schema->size() - plan_->take.size();
    const auto which = std::find(plan_->take.begin(), plan_->take.end(), column);
    const auto type =
        plan_->schema->field(place + static_cast<std::size_t>(which - plan_->take.begin())).type;
    ColumnBuilder builder(type);
    builder.reserve(static_cast<std::int64_t>(found.size()));
    for (const auto& each : found) {
      if (each) {
        builder.append_from(table_->batch(each->batch).column(column), each->row);
      } else {
        builder.append_null();
      }
    }
    return builder.finish();
  }

  void refuse(const Batch& batch, std::int64_t row, Output& out) const {
    std::string key;
    for (const auto column : plan_->key) {
      const auto& values = batch.column(column);
      key += (key.empty() ? "" : ", ") + (values.is_valid(row) ? text_of(values, row) : "null");
    }
    if (plan_->missing == Missing::fail) {
      throw Error(Errc::data, "{} has no row for {} = {}; mend it, or set missing = \"reject\"",
                  plan_->source.shown, fmt::format("{}", fmt::join(plan_->key_names, ", ")), key);
    }
    out.reject({.reason = "found nothing in " + plan_->source.shown,
                .column = fmt::format("{}", fmt::join(plan_->key_names, ", ")),
                .value = key,
                .record = record_of(batch, row),
                .ordinal = batch.ordinal(row)});
  }

  std::shared_ptr<const LookupPlan> plan_;
  std::shared_ptr<const LookupTable> table_;
};

Binding bind_lookup(BindContext& context) {
  Binding binding;
  const auto plan = bind_lookup_plan(context, binding.content_hash);
  if (!plan) return binding;
  auto port = unchanged_port(context.input_ref());
  port.schema = plan->schema;
  port.unchanged_from.resize(port.schema->size());
  binding.outputs.push_back(std::move(port));
  binding.make_transform = [plan] { return std::make_unique<Lookup>(plan); };
  return binding;
}

}  // namespace

NodeType lookup() { return {lookup_spec(), bind_lookup}; }

}  // namespace flowrun::nodes
