// lookup: adds columns of the row of another table that has the same key.
#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/data/builder.h"
#include "engine/data/text.h"
#include "nodes/catalog.h"
#include "nodes/formats/csv_infer.h"
#include "nodes/formats/csv_side_table.h"
#include "nodes/kernels/moments.h"
#include "nodes/transforms/lookup_table.h"

namespace flowrun::nodes {
namespace {

NodeSpec lookup_spec() {
  return {
      .name = "lookup",
      .summary = "Adds columns of the row of another table that has the same key.",
      .notes =
          "The table is a CSV file with a header, read when the pipeline is planned; what it holds "
          "is part of the plan, so that a changed file loads everything behind this node again. "
          "Its columns' types are found from a sample; those of the key must be the types of the "
          "input's columns, which `columns` says where the sample does not. A key with a null "
          "finds nothing.\n\nWith `as_of` the table holds versions: the row is taken that is "
          "valid at that time of the input's row, from `valid_from` (included) until "
          "`valid_until` (excluded); a null there is without end. Versions of a key must not "
          "overlap, and without `as_of` no key may stand twice.",
      .options = {{.name = "file",
                   .kind = OptionKind::path,
                   .help = "The table: a CSV file with a header.",
                   .required = true,
                   .example = "\"routes.csv\""},
                  {.name = "columns",
                   .kind = OptionKind::types,
                   .help = "Types of columns of the table, where a sample would say otherwise.",
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
          "file    = \"routes.csv\"\non      = [\"route_id\"]\ntake    = [\"route_name\"]\n"
          "missing = \"reject\"\n"};
}

enum class Missing { null, reject, fail };

struct LookupPlan {
  SchemaRef schema;
  std::vector<std::size_t> key;   ///< of the input
  std::vector<std::size_t> take;  ///< of the table
  std::vector<std::string> key_names;
  std::optional<std::size_t> as_of;
  Missing missing = Missing::null;
  std::shared_ptr<const LookupTable> table;
  std::string file;
};

class Lookup final : public Transform {
 public:
  explicit Lookup(std::shared_ptr<const LookupPlan> plan) : plan_(std::move(plan)) {}

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
    if (!plan_->as_of) return plan_->table->find(key, std::nullopt);
    const auto& times = batch.column(*plan_->as_of);
    if (!times.is_valid(row)) return std::nullopt;
    return plan_->table->find(key, moment_of(times, row));
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
        builder.append_from(plan_->table->batch(each->batch).column(column), each->row);
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
                  plan_->file, fmt::format("{}", fmt::join(plan_->key_names, ", ")), key);
    }
    out.reject({.reason = "found nothing in " + plan_->file,
                .column = fmt::format("{}", fmt::join(plan_->key_names, ", ")),
                .value = key,
                .record = record_of(batch, row),
                .ordinal = batch.ordinal(row)});
  }

  std::shared_ptr<const LookupPlan> plan_;
};

/// `on` and `take`: pairs of names, of ours and the table's.
using NamePairs = std::vector<std::pair<std::string, std::string>>;

class LookupBinder {
 public:
  explicit LookupBinder(BindContext& context)
      : context_(context), plan_(std::make_shared<LookupPlan>()) {}

  Binding run() {
    Binding binding;
    const auto on = names("on");
    const auto taken = names("take");
    if (!good_ || !read_schema(binding)) return binding;
    LookupTable::Roles roles;
    for (const auto& [ours, theirs] : on) add_key(ours, theirs, roles);
    add_times(roles);
    auto fields = context_.input().fields();
    for (const auto& [ours, theirs] : taken) add_taken(ours, theirs, fields);
    if (!good_ || !fill(std::move(roles))) return binding;
    auto port = unchanged_port(context_.input_ref());
    port.schema = plan_->schema = make_schema(std::move(fields));
    port.unchanged_from.resize(port.schema->size());
    binding.outputs.push_back(std::move(port));
    binding.make_transform = [plan = plan_] { return std::make_unique<Lookup>(plan); };
    return binding;
  }

 private:
  void error(std::string_view option, std::string code, std::string message,
             std::string hint = {}) {
    context_.error(option, std::move(code), std::move(message), std::move(hint));
    good_ = false;
  }

  NamePairs names(std::string_view option) {
    const auto& value = *context_.options().raw(option);
    NamePairs pairs;
    const auto add = [&](const std::string& ours, const OptionValue& theirs) {
      if (theirs.is_text()) {
        pairs.emplace_back(ours.empty() ? theirs.text() : ours, theirs.text());
      } else {
        error(option, "wrong-type", fmt::format("\"{}\" wants names of columns", option));
      }
    };
    if (value.is_table()) {
      for (const auto& [ours, theirs] : value.table()) add(ours, theirs);
    } else if (value.is_list()) {
      for (const auto& item : value.list()) add("", item);
    } else {
      add("", value);
    }
    if (pairs.empty() && good_) {
      error(option, "no-columns", fmt::format("\"{}\" names no column", option));
    }
    return pairs;
  }

  bool read_schema(Binding& binding) {
    plan_->file = context_.options().text("file");
    const auto text = context_.read_file("file", plan_->file);
    if (!text) return false;
    binding.content_hash = fingerprint(*text);
    path_ = context_.resolve(plan_->file);
    try {
      auto fields =
          infer_csv_schema({{.name = plan_->file, .path = path_}}, format_).schema->fields();
      for (const auto& [name, type] : context_.options().pairs("columns")) {
        const auto field =
            std::find_if(fields.begin(), fields.end(),
                         [&wanted = name](const Field& each) { return each.name == wanted; });
        if (field == fields.end()) {
          error("columns", "unknown-column",
                fmt::format("{} has no column \"{}\"", plan_->file, name));
        } else {
          field->type = parse_type(type).value();
        }
      }
      if (fields.empty()) error("file", "bad-file", fmt::format("{} has no header", plan_->file));
      table_schema_ = make_schema(std::move(fields));
    } catch (const Error& problem) {
      if (problem.code() == Errc::internal) throw;
      error("file", "bad-file", problem.what());
    }
    return good_;
  }

  std::optional<std::size_t> table_column(std::string_view option, const std::string& name) {
    const auto found = table_schema_->index_of(name);
    if (!found) {
      error(option, "unknown-column", fmt::format("{} has no column \"{}\"", plan_->file, name),
            suggest(name, table_schema_->names()));
    }
    return found;
  }

  void add_key(const std::string& ours, const std::string& theirs, LookupTable::Roles& roles) {
    const auto own = context_.input().index_of(ours);
    if (!own) {
      error("on", "unknown-column", fmt::format("the input has no column \"{}\"", ours),
            suggest(ours, context_.input().names()));
    }
    const auto other = table_column("on", theirs);
    if (!own || !other) return;
    const auto type = context_.input().field(*own).type;
    if (table_schema_->field(*other).type != type) {
      error("on", "wrong-type",
            fmt::format("\"{}\" is {} here and {} in {}", ours, to_string(type),
                        to_string(table_schema_->field(*other).type), plan_->file),
            fmt::format("write columns = {{ {} = \"{}\" }}", theirs, to_string(type)));
      return;
    }
    plan_->key.push_back(*own);
    plan_->key_names.push_back(ours);
    roles.key.push_back(*other);
  }

  void add_times(LookupTable::Roles& roles) {
    const auto& options = context_.options();
    if (!options.has("as_of")) return;
    plan_->as_of = context_.input().index_of(options.text("as_of"));
    const auto is_moment = [](Type type) { return type.is_time() || type == kDate; };
    if (!is_moment(context_.input().field(*plan_->as_of).type)) {
      error("as_of", "wrong-type", "\"as_of\" wants a date or a timestamp");
    }
    roles.valid_from = table_column("valid_from", options.text("valid_from"));
    roles.valid_until = table_column("valid_until", options.text("valid_until"));
    for (const auto& [option, column] :
         {std::pair{"valid_from", roles.valid_from}, std::pair{"valid_until", roles.valid_until}}) {
      if (!column || is_moment(table_schema_->field(*column).type)) continue;
      const auto& name = table_schema_->field(*column).name;
      error(option, "wrong-type",
            fmt::format("\"{}\" of {} is no date and no timestamp", name, plan_->file),
            fmt::format("write columns = {{ {} = \"timestamp\" }}", name));
    }
  }

  void add_taken(const std::string& ours, const std::string& theirs, std::vector<Field>& fields) {
    const auto column = table_column("take", theirs);
    if (!column) return;
    const bool taken = std::any_of(fields.begin(), fields.end(),
                                   [&](const Field& field) { return field.name == ours; });
    if (taken) {
      error("take", "duplicate-column", fmt::format("there is a column \"{}\" already", ours),
            fmt::format("give it another name: take = {{ other_name = \"{}\" }}", theirs));
      return;
    }
    fields.push_back({ours, table_schema_->field(*column).type});
    plan_->take.push_back(*column);
  }

  bool fill(LookupTable::Roles roles) {
    const auto& missing = context_.options().text("missing");
    plan_->missing = missing == "reject" ? Missing::reject
                     : missing == "fail" ? Missing::fail
                                         : Missing::null;
    auto built = std::make_shared<LookupTable>(std::move(roles));
    try {
      for (auto& batch : read_csv_table(plan_->file, path_, format_, table_schema_)) {
        built->add(std::move(batch));
      }
    } catch (const Error& problem) {
      if (problem.code() == Errc::internal) throw;
      error("file", "bad-file", problem.what(), "say in columns what it is, or mend the file");
      return false;
    }
    if (const auto problem = built->finish()) {
      error("file", "bad-file", fmt::format("{}: {}", plan_->file, *problem));
      return false;
    }
    plan_->table = std::move(built);
    return true;
  }

  BindContext& context_;
  std::shared_ptr<LookupPlan> plan_;
  CsvFormat format_;
  std::string path_;
  SchemaRef table_schema_;
  bool good_ = true;
};

Binding bind_lookup(BindContext& context) { return LookupBinder(context).run(); }

}  // namespace

NodeType lookup() { return {lookup_spec(), bind_lookup}; }

}  // namespace flowrun::nodes
