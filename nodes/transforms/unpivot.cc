// unpivot: turns columns into rows (key, name, value).
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "engine/data/text.h"
#include "nodes/catalog.h"
#include "nodes/kernels/cast.h"
#include "nodes/transforms/unpivot_plan.h"

namespace flowrun::nodes {
namespace {

NodeSpec unpivot_spec() {
  return {
      .name = "unpivot",
      .summary = "Turns columns into rows: one (key, name, value) for each value of a wide row.",
      .notes =
          "Out come the `index` columns, then the column's name (string), then its value. Columns "
          "that are neither in `index` nor in `columns` are left out; of those that a routes file "
          "names, the ones that the input does not have are, too, and the plan says how many there "
          "are.\n\n"
          "All columns to turn must have one type, which the values keep, or be cast to "
          "`value_type`. A row with a value that cannot be cast is a reject as a whole: nothing "
          "is made of it.\n\n"
          "The rows made of one row stand in the order of the columns, next to each other and "
          "never in different batches, and carry its ordinal: their place in the input, by which "
          "rejects further down name file and line. Counting: an input row is absorbed and the "
          "rows of its values are made; a row without a value, under `nulls = \"drop\"`, is "
          "filtered.",
      .options = {{.name = "index",
                   .kind = OptionKind::columns,
                   .help = "The columns that each row keeps.",
                   .required = true,
                   .example = "[\"ship_id\", \"created_time\"]"},
                  {.name = "columns",
                   .kind = OptionKind::any,
                   .help = "The columns to turn, in order: a list, or those that a routes file "
                           "sends to an output. Without it, all that are not in `index`.",
                   .example = "[\"rpm\", \"temperature\"]",
                   .shape = "a list of columns, or { routes = PATH, output = NAME }"},
                  {.name = "name",
                   .help = "What the column of names is called.",
                   .fallback = "name",
                   .example = "\"channel\""},
                  {.name = "value",
                   .help = "What the column of values is called.",
                   .fallback = "value",
                   .example = "\"reading\""},
                  {.name = "value_type",
                   .help = "The type of the values, where columns have different ones.",
                   .example = "\"float64\""},
                  {.name = "nulls",
                   .kind = OptionKind::choice,
                   .help = "Whether a null makes a row, too.",
                   .fallback = "drop",
                   .choices = {"drop", "keep"},
                   .example = "\"keep\""}},
      .example =
          "[transforms.narrow]\ntype  = \"unpivot\"\ninput = \"wide\"\nindex = "
          "[\"ship_id\", \"created_time\"]\nname  = \"channel\"\n"};
}

class Unpivot final : public Transform {
 public:
  explicit Unpivot(std::shared_ptr<const UnpivotPlan> plan) : plan_(std::move(plan)) {}
  void apply(const BatchRef& batch, Output& out) const override;

 private:
  void emit_rows(const Batch& batch, const std::vector<ColumnRef>& values,
                 const std::vector<char>& bad, std::int64_t from, std::int64_t until,
                 Output& out) const;
  [[nodiscard]] std::int64_t rows_at_once(const Batch& batch,
                                          const std::vector<ColumnRef>& values) const;

  std::shared_ptr<const UnpivotPlan> plan_;
};

/// Casts the columns to turn; rejects rows with a value that is none of the new type, and marks
/// them in the result (empty: there are none).
std::vector<char> cast_values(const UnpivotPlan& plan, const Batch& batch,
                              std::vector<ColumnRef>& values, Output& out) {
  constexpr auto kNone = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> first_bad;  // by row: the first column whose value is bad
  for (const auto column : plan.columns) {
    auto result = cast(batch.column_ref(column), plan.value_type);
    values.push_back(std::move(result.column));
    if (result.failed.empty()) continue;
    first_bad.resize(static_cast<std::size_t>(batch.rows()), kNone);
    for (const auto row : result.failed) first_bad[row] = std::min(first_bad[row], values.size());
  }
  std::vector<char> bad(first_bad.size());
  for (std::size_t i = 0; i < first_bad.size(); ++i) {
    if (first_bad[i] == kNone) continue;
    bad[i] = 1;
    const auto row = static_cast<std::int64_t>(i);
    const auto column = plan.columns[first_bad[i] - 1];
    out.reject({.reason = not_a(plan.value_type),
                .column = batch.schema().field(column).name,
                .value = text_of(batch.column(column), row),
                .record = record_of(batch, row),
                .ordinal = batch.ordinal(row)});
  }
  return bad;
}

void Unpivot::apply(const BatchRef& batch, Output& out) const {
  std::vector<ColumnRef> values;
  values.reserve(plan_->columns.size());
  const auto bad = cast_values(*plan_, *batch, values, out);
  const auto step = rows_at_once(*batch, values);
  for (std::int64_t from = 0; from < batch->rows(); from += step) {
    emit_rows(*batch, values, bad, from, std::min(from + step, batch->rows()), out);
  }
}

/// Input rows whose rows make about one batch.
std::int64_t Unpivot::rows_at_once(const Batch& batch, const std::vector<ColumnRef>& values) const {
  const auto columns = static_cast<std::int64_t>(values.size());
  std::int64_t bytes = 0;  // about what one input row becomes
  const auto per_row = [&](const Column& column) {
    const auto text = column.is_dictionary()
                          ? column.dictionary()->bytes() /
                                std::max<std::int64_t>(column.dictionary()->length(), 1)
                          : 0;
    return text + column.bytes() / std::max<std::int64_t>(batch.rows(), 1);
  };
  for (const auto column : plan_->index) bytes += columns * per_row(batch.column(column));
  for (const auto& column : values) bytes += per_row(*column) + 4;
  return std::max<std::int64_t>(
      1, std::min(kMaxBatchRows / columns, kMaxBatchBytes / std::max<std::int64_t>(bytes, 1)));
}

void Unpivot::emit_rows(const Batch& batch, const std::vector<ColumnRef>& values,
                        const std::vector<char>& bad, std::int64_t from, std::int64_t until,
                        Output& out) const {
  UnpivotCells cells;
  std::int64_t used = 0;
  std::int64_t empty = 0;
  for (auto row = from; row < until; ++row) {
    if (!bad.empty() && bad[static_cast<std::size_t>(row)] != 0) continue;
    const auto before = cells.rows.size();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (plan_->drops_nulls && !values[i]->is_valid(row)) continue;
      cells.rows.push_back(static_cast<std::uint32_t>(row));
      cells.columns.push_back(static_cast<std::int32_t>(i));
    }
    ++(cells.rows.size() == before ? empty : used);
  }
  out.filtered(empty);
  out.absorbed(used);
  if (cells.rows.empty()) return;
  const auto made = static_cast<std::int64_t>(cells.rows.size());
  auto ordinals = Buffer::allocate(cells.rows.size() * sizeof(std::uint64_t));
  for (std::size_t i = 0; i < cells.rows.size(); ++i) {
    ordinals->mutable_as<std::uint64_t>()[i] = batch.ordinal(cells.rows[i]);
  }
  std::vector<ColumnRef> columns;
  for (const auto column : plan_->index) columns.push_back(take(batch.column(column), cells.rows));
  columns.push_back(name_column(*plan_, cells));
  columns.push_back(value_column(plan_->value_type, values, cells));
  out.made(made);
  out.emit(0, std::make_shared<const Batch>(plan_->output, std::move(columns), made,
                                            Ordinals{.values = std::move(ordinals)}));
}

Binding bind_unpivot(BindContext& context) {
  Binding binding;
  const auto plan = plan_unpivot(context, binding);
  if (!plan) return binding;
  Port port{.schema = plan->output};
  for (const auto column : plan->index) port.unchanged_from.emplace_back(column);
  port.unchanged_from.resize(plan->output->size());
  binding.outputs.push_back(std::move(port));
  binding.make_transform = [plan] { return std::make_unique<Unpivot>(plan); };
  return binding;
}

}  // namespace

NodeType unpivot() { return {unpivot_spec(), bind_unpivot}; }

}  // namespace flowrun::nodes
