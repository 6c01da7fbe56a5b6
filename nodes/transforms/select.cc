// select: keeps, drops, renames and casts columns.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "engine/data/text.h"
#include "nodes/catalog.h"
#include "nodes/kernels/cast.h"
#include "nodes/kernels/routed_columns.h"

namespace flowrun::nodes {
namespace {

NodeSpec select_spec() {
  return {
      .name = "select",
      .summary = "Keeps, drops, renames and casts columns.",
      .notes =
          "Columns leave in this order: those of `keep` as listed, then those of `columns` in the "
          "order of the routes "
          "file; without both, all columns in the order of the input. `drop` takes columns away "
          "from that, `rename` and "
          "`cast` leave them in their places. Columns that a routes file names and the input does "
          "not have are left "
          "out; the plan says how many there are.\n\n"
          "A value that cannot be cast makes its row a reject. Numbers never change by a cast: 2.5 "
          "is not an int64.",
      .options = {{.name = "keep",
                   .kind = OptionKind::columns,
                   .help = "The columns to keep, in this order. Default: all.",
                   .example = "[\"ship_id\", \"created_time\", \"value\"]"},
                  {.name = "drop",
                   .kind = OptionKind::columns,
                   .help = "Columns to leave out.",
                   .example = "[\"comment\"]"},
                  {.name = "columns",
                   .kind = OptionKind::any,
                   .help = "Further columns to keep: those that a routes file sends to an output.",
                   .example = "{ routes = \"channels.csv\", output = \"engine\" }",
                   .shape = "{ routes = PATH, output = NAME }"},
                  {.name = "drop_empty",
                   .kind = OptionKind::boolean,
                   .help = "Leaves out rows in which all columns that `columns` keeps are null.",
                   .fallback = "false",
                   .example = "true"},
                  {.name = "rename",
                   .kind = OptionKind::renames,
                   .help = "New names: new = \"old\".",
                   .example = "{ created_time = \"timestamp\" }"},
                  {.name = "cast",
                   .kind = OptionKind::types,
                   .help = "New types, by the columns' new names.",
                   .example = "{ value = \"float64\" }"}},
      .example =
          "[transforms.slim]\ntype   = \"select\"\ninput  = \"readings\"\nkeep   = [\"ship_id\", "
          "\"ts\", \"value\"]\n"
          "rename = { created_time = \"ts\" }\ncast   = { value = \"float64\" }\n"};
}

/// One column that leaves.
struct Chosen {
  std::size_t from = 0;
  std::string name;
  Type type;
  bool routed = false;  ///< kept because a routes file says so
};

class Select final : public Transform {
 public:
  Select(SchemaRef schema, std::vector<Chosen> columns, bool drops_empty)
      : schema_(std::move(schema)), columns_(std::move(columns)), drops_empty_(drops_empty) {}
  void apply(const BatchRef& batch, Output& out) const override;

 private:
  SchemaRef schema_;
  std::vector<Chosen> columns_;
  bool drops_empty_;
};

/// Says which columns of the input are neither kept nor in any list of the routes.
void note_unknown(BindContext& context, const RoutedColumns& routed,
                  const std::vector<std::size_t>& kept, Binding& binding) {
  const auto& input = context.input();
  const std::set<std::string_view> others(routed.others.begin(), routed.others.end());
  std::vector<std::string> unknown;
  for (std::size_t column = 0; column < input.size(); ++column) {
    const auto& name = input.field(column).name;
    const bool is_kept = std::find(kept.begin(), kept.end(), column) != kept.end();
    if (!is_kept && !others.contains(name)) unknown.push_back(name);
  }
  if (unknown.empty()) return;
  binding.notes.push_back(fmt::format("{} columns of the input are in no list of {}: {}",
                                      unknown.size(), routed.path, fmt::join(unknown, ", ")));
}

/// Places of the kept columns, in order of leaving; the notes of the plan go to `binding`.
std::vector<std::size_t> kept_columns(BindContext& context, Binding& binding) {
  const auto& input = context.input();
  const auto& options = context.options();
  std::vector<std::size_t> kept;
  const auto add = [&](std::size_t column) {
    if (std::find(kept.begin(), kept.end(), column) == kept.end()) kept.push_back(column);
  };
  for (const auto& name : options.names("keep")) add(input.index_of(name).value());
  if (options.has("columns")) {
    const auto routed = read_routed_columns(context, "columns");
    if (!routed) return kept;
    std::size_t found = 0;
    for (const auto& name : routed->names) {
      if (const auto column = input.index_of(name)) {
        add(*column);
        ++found;
      }
    }
    const auto total = routed->names.size();
    binding.content_hash = routed->hash;
    binding.notes.push_back(
        fmt::format("{}: {}/{} columns of its list are in the input ({:.1f} %)", routed->output,
                    found, total, 100.0 * static_cast<double>(found) / static_cast<double>(total)));
    note_unknown(context, *routed, kept, binding);
    if (found == 0 && !options.boolean("drop_empty")) {
      context.warning("columns", "no-columns",
                      fmt::format("the input has none of the {} columns that {} sends to \"{}\"",
                                  total, routed->path, routed->output));
    }
  } else if (!options.has("keep")) {
    for (std::size_t column = 0; column < input.size(); ++column) add(column);
  }
  for (const auto& name : options.names("drop")) {
    const auto gone = std::find(kept.begin(), kept.end(), input.index_of(name).value());
    if (gone == kept.end()) {
      context.error("drop", "useless-drop",
                    fmt::format("column \"{}\" is not among the kept ones", name),
                    "take it out of \"drop\"");
    } else {
      kept.erase(gone);
    }
  }
  return kept;
}

void apply_renames(BindContext& context, std::vector<Chosen>& chosen) {
  const auto* renames = context.options().raw("rename");
  if (renames == nullptr) return;
  std::vector<std::string> names;
  for (const auto& column : chosen) names.push_back(column.name);
  for (const auto& [fresh, old] : renames->table()) {
    const auto at = std::find(names.begin(), names.end(), old.text());
    if (at == names.end()) {
      const bool swapped = std::find(names.begin(), names.end(), fresh) != names.end();
      context.error_at(old.span, "unknown-column",
                       fmt::format("no column \"{}\" to rename", old.text()),
                       swapped ? "a rename is written new = \"old\"" : suggest(old.text(), names));
    } else {
      chosen[static_cast<std::size_t>(at - names.begin())].name = fresh;
    }
  }
}

void apply_casts(BindContext& context, std::vector<Chosen>& chosen) {
  const auto* casts = context.options().raw("cast");
  if (casts == nullptr) return;
  std::vector<std::string> names;
  for (const auto& column : chosen) names.push_back(column.name);
  for (const auto& [name, text] : casts->table()) {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) {
      context.error_at(text.key_span, "unknown-column",
                       fmt::format("no column \"{}\" to cast", name), suggest(name, names));
      continue;
    }
    auto& column = chosen[static_cast<std::size_t>(at - names.begin())];
    const auto type = parse_type(text.text()).value();
    if (can_cast(column.type, type)) {
      column.type = type;
    } else {
      context.error_at(text.span, "impossible-cast",
                       fmt::format("column \"{}\" cannot be cast from {} to {}", name,
                                   to_string(column.type), to_string(type)),
                       column.type.id == TypeId::bytes || type.id == TypeId::bytes
                           ? ""
                           : "cast it to string first, in another select");
    }
  }
}

/// The columns that leave, with unique names; nothing where there is a problem.
bool check_names(BindContext& context, const std::vector<Chosen>& chosen) {
  if (chosen.empty()) {
    context.error(context.options().has("drop") ? "drop" : "columns", "no-columns",
                  "no column is left");
    return false;
  }
  std::unordered_set<std::string> seen;
  for (const auto& column : chosen) {
    if (seen.insert(column.name).second) continue;
    context.error("rename", "duplicate-column",
                  fmt::format("two columns are called \"{}\"", column.name),
                  "drop one of them, or give it another name");
    return false;
  }
  return true;
}

Binding bind_select(BindContext& context) {
  Binding binding;
  const auto& input = context.input();
  std::vector<Chosen> chosen;
  const auto kept_by_name = context.options().names("keep");
  for (const auto column : kept_columns(context, binding)) {
    const auto& field = input.field(column);
    const bool named =
        std::find(kept_by_name.begin(), kept_by_name.end(), field.name) != kept_by_name.end();
    chosen.push_back({column, field.name, field.type, !named});
  }
  const bool drops_empty = context.options().boolean("drop_empty");
  if (drops_empty && !context.options().has("columns")) {
    context.error("drop_empty", "option-without-effect",
                  "\"drop_empty\" looks at the columns that `columns` keeps, and there is none");
  }
  apply_renames(context, chosen);
  apply_casts(context, chosen);
  if (!check_names(context, chosen)) return binding;

  std::vector<Field> fields;
  Port port;
  for (const auto& column : chosen) {
    fields.push_back({column.name, column.type});
    const bool same = column.type == input.field(column.from).type;
    port.unchanged_from.push_back(same ? std::optional(column.from) : std::nullopt);
  }
  port.schema = make_schema(std::move(fields));
  binding.make_transform = [schema = port.schema, chosen, drops_empty] {
    return std::make_unique<Select>(schema, chosen, drops_empty);
  };
  binding.outputs.push_back(std::move(port));
  return binding;
}

/// Rejects the rows that fail, each once for its first bad column, and returns the others.
std::vector<std::uint32_t> reject_failed(const Batch& batch, const std::vector<Chosen>& chosen,
                                         const std::vector<std::vector<std::uint32_t>>& failed,
                                         Output& out) {
  constexpr std::size_t kGood = SIZE_MAX;
  std::vector<std::size_t> bad_column(static_cast<std::size_t>(batch.rows()), kGood);
  for (std::size_t i = chosen.size(); i-- > 0;) {
    for (const auto row : failed[i]) bad_column[row] = i;
  }
  std::vector<std::uint32_t> good;
  for (std::uint32_t row = 0; row < bad_column.size(); ++row) {
    if (bad_column[row] == kGood) {
      good.push_back(row);
      continue;
    }
    const auto& column = chosen[bad_column[row]];
    out.reject({.reason = not_a(column.type),
                .column = batch.schema().field(column.from).name,
                .value = text_of(batch.column(column.from), row),
                .record = record_of(batch, row),
                .ordinal = batch.ordinal(row)});
  }
  return good;
}

/// The rows in which some routed column has a value.
std::vector<std::uint32_t> rows_with_values(const Batch& batch, const std::vector<Chosen>& chosen) {
  std::vector<bool> has_value(static_cast<std::size_t>(batch.rows()), false);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (!chosen[i].routed) continue;
    const auto& column = batch.column(i);
    for (std::size_t row = 0; row < has_value.size(); ++row) {
      if (column.is_valid(static_cast<std::int64_t>(row))) has_value[row] = true;
    }
  }
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; row < has_value.size(); ++row) {
    if (has_value[row]) rows.push_back(row);
  }
  return rows;
}

void Select::apply(const BatchRef& batch, Output& out) const {
  std::vector<ColumnRef> columns;
  std::vector<std::vector<std::uint32_t>> failed;
  bool any_failed = false;
  for (const auto& column : columns_) {
    auto result = cast(batch->column_ref(column.from), column.type);
    any_failed = any_failed || !result.failed.empty();
    columns.push_back(std::move(result.column));
    failed.push_back(std::move(result.failed));
  }
  auto selected =
      std::make_shared<const Batch>(schema_, std::move(columns), batch->rows(), batch->ordinals());
  if (any_failed) {
    const auto good = reject_failed(*batch, columns_, failed, out);
    if (good.empty()) return;
    selected = take(*selected, good);
  }
  if (drops_empty_) {
    const auto full = rows_with_values(*selected, columns_);
    if (full.size() != static_cast<std::size_t>(selected->rows())) {
      out.filtered(selected->rows() - static_cast<std::int64_t>(full.size()));
      if (full.empty()) return;
      selected = take(*selected, full);
    }
  }
  out.emit(0, std::move(selected));
}

}  // namespace

NodeType select() { return {select_spec(), bind_select}; }

}  // namespace flowrun::nodes
