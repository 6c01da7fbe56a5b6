// derive: adds columns that are worked out from those of the row.
#include <fmt/format.h>

#include <algorithm>

#include "engine/spec/expression_option.h"
#include "nodes/catalog.h"
#include "nodes/kernels/conditions.h"

namespace flowrun::nodes {
namespace {

NodeSpec derive_spec() {
  return {.name = "derive",
          .summary = "Adds columns that are worked out from those of the row.",
          .notes =
              "Each entry of `columns` is a scalar expression in PostgreSQL's language over the "
              "columns of the input; its type is that of the expression. A column that is there "
              "already keeps its place and gets the new value, the others stand behind, in the "
              "order in which they are written. All expressions see the row as it came in.\n\nA "
              "row for which an expression has no value (an overflow, a division by zero, a text "
              "that is no number) is a reject, with the expression and the values at hand.",
          .options = {{.name = "columns",
                       .kind = OptionKind::expressions,
                       .help = "The columns to add or replace, and what they are.",
                       .required = true,
                       .example = "{ revenue = \"quantity * unit_price\" }"}},
          .example =
              "[transforms.priced]\ntype    = \"derive\"\ninput   = \"lines\"\n"
              "columns = { revenue = \"quantity * unit_price\", day = \"sold_at::date\" }\n"};
}

/// Which expression fills a column of the output; none where it comes through.
struct DerivedColumn {
  std::string name;
  std::optional<std::size_t> from;
  std::optional<expr::Expression> expression;
};

class Derive final : public Transform {
 public:
  Derive(SchemaRef schema, std::vector<DerivedColumn> columns)
      : schema_(std::move(schema)), columns_(std::move(columns)) {}

  void apply(const BatchRef& batch, Output& out) const override {
    std::vector<ColumnRef> columns;
    FailedRows failed(*batch);
    for (const auto& column : columns_) {
      if (column.from) {
        columns.push_back(batch->columns()[*column.from]);
        continue;
      }
      auto values = column.expression->evaluate(*batch);
      columns.push_back(std::move(values.column));
      failed.reject(*column.expression, values.failures, column.name, out);
    }
    const auto derived = std::make_shared<const Batch>(schema_, std::move(columns), batch->rows(),
                                                       batch->ordinals());
    if (!failed.any()) return out.emit(0, derived);
    const auto sound = failed.others();
    if (!sound.empty()) out.emit(0, take(*derived, sound));
  }

 private:
  SchemaRef schema_;
  std::vector<DerivedColumn> columns_;
};

Binding bind_derive(BindContext& context) {
  Binding binding;
  const auto& input = context.input();
  std::vector<DerivedColumn> columns;
  std::vector<Field> fields;
  for (std::size_t i = 0; i < input.size(); ++i) {
    columns.push_back({input.field(i).name, i, std::nullopt});
    fields.push_back(input.field(i));
  }
  bool good = true;
  for (const auto& [name, value] : context.options().raw("columns")->table()) {
    auto expression = compile_option(context, value, input);
    if (!expression) {
      good = false;
      continue;
    }
    const auto known = input.index_of(name);
    const auto at = known ? *known : columns.size();
    if (!known) {
      columns.emplace_back();
      fields.emplace_back();
    }
    fields[at] = {name, expression->type()};
    const auto from = expression->as_column();
    columns[at] = {name, from, from ? std::nullopt : std::move(expression)};
  }
  if (!good) return binding;
  Port port{.schema = make_schema(std::move(fields))};
  for (const auto& column : columns) port.unchanged_from.push_back(column.from);
  binding.make_transform = [schema = port.schema, columns] {
    return std::make_unique<Derive>(schema, columns);
  };
  binding.outputs.push_back(std::move(port));
  return binding;
}

}  // namespace

NodeType derive() { return {derive_spec(), bind_derive}; }

}  // namespace flowrun::nodes
