#include "nodes/transforms/lookup_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/hash.h"
#include "nodes/formats/csv_infer.h"

namespace flowrun::nodes {
namespace {

/// `on` and `take`: pairs of names, of ours and the table's.
using NamePairs = std::vector<std::pair<std::string, std::string>>;

class LookupBinder {
 public:
  explicit LookupBinder(BindContext& context)
      : context_(context), options_(context.options()), plan_(std::make_shared<LookupPlan>()) {}

  std::shared_ptr<const LookupPlan> run(std::string& content_hash) {
    const auto on = names("on");
    const auto taken = names("take");
    if (!good_ || !look_at_table(content_hash)) return nullptr;
    for (const auto& [ours, theirs] : on) add_key(ours, theirs);
    add_times();
    auto fields = context_.input().fields();
    for (const auto& [ours, theirs] : taken) add_taken(ours, theirs, fields);
    if (!good_) return nullptr;
    plan_->schema = make_schema(std::move(fields));
    plan_->source.schema = make_schema(read_);
    const auto& missing = options_.text("missing");
    plan_->missing = missing == "reject" ? Missing::reject
                     : missing == "fail" ? Missing::fail
                                         : Missing::null;
    if (content_hash.empty()) content_hash = fingerprint(to_string(*plan_->source.schema));
    return reads_now_ && !fill() ? nullptr : plan_;
  }

 private:
  void error(std::string_view option, std::string code, std::string message,
             std::string hint = {}) {
    context_.error(option, std::move(code), std::move(message), std::move(hint));
    good_ = false;
  }

  NamePairs names(std::string_view option) {
    const auto& value = *options_.raw(option);
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

  /// Finds out where the table is and, if it is there, which columns it has.
  bool look_at_table(std::string& content_hash) {
    auto& source = plan_->source;
    const auto& file = options_.text("file");
    const bool is_csv = !options_.has("table");
    source.path = context_.resolve(file);
    source.shown = is_csv ? file : file + "#" + options_.text("table");
    if (!is_csv) {
      source.relation = SqliteRelation{
          .path = source.path, .shown = file, .table = options_.text("table"), .any_order = true};
    }
    reads_now_ = is_csv && !context_.waits();
    try {
      is_known_ = is_csv ? look_at_csv(content_hash) : look_at_database();
    } catch (const Error& problem) {
      if (problem.code() == Errc::internal) throw;
      error("file", "bad-file", problem.what());
    }
    if (good_) declare_types();
    return good_;
  }

  /// True where the columns are known. A file that a sink is to write may not be there yet.
  bool look_at_csv(std::string& content_hash) {
    auto& source = plan_->source;
    if (reads_now_) {
      const auto text = context_.read_file("file", source.shown);
      good_ = text.has_value();
      if (!text) return false;
      content_hash = fingerprint(*text);
    } else if (size_of_file(source.path) < 0) {
      return false;
    }
    const auto found = infer_csv_schema({{.name = source.shown, .path = source.path}}, {}).schema;
    for (const auto& field : found->fields()) columns_.push_back({field.name, field.type});
    if (columns_.empty()) {
      error("file", "bad-file", fmt::format("{} has no header", source.shown));
    }
    return true;
  }

  bool look_at_database() {
    const auto& relation = *plan_->source.relation;
    if (auto shape = look_at(relation)) {
      columns_ = std::move(shape->columns);
      return true;
    }
    if (context_.waits()) return false;
    const bool has_file = size_of_file(relation.path) >= 0;
    const std::string hint = "where a sink of this pipeline makes it, write after = \"SINK\"";
    if (has_file) {
      error("table", "no-table",
            fmt::format("there is no table \"{}\" in {}", relation.table, relation.shown), hint);
    } else {
      error("file", "no-file", fmt::format("there is no file {}", relation.shown), hint);
    }
    return false;
  }

  void declare_types() {
    for (const auto& [name, type] : options_.pairs("columns")) {
      if (auto* column = find(name); column != nullptr) {
        column->type = parse_type(type);
      } else if (is_known_) {
        error("columns", "unknown-column",
              fmt::format("{} has no column \"{}\"", plan_->source.shown, name));
      } else {
        columns_.push_back({name, parse_type(type)});
      }
    }
  }

  RelationColumn* find(const std::string& name) {
    const auto found =
        std::find_if(columns_.begin(), columns_.end(),
                     [&](const RelationColumn& column) { return column.name == name; });
    return found == columns_.end() ? nullptr : &*found;
  }

  /// The place of a column among those that are read.
  std::optional<std::size_t> table_column(std::string_view option, const std::string& name) {
    const auto at = std::find_if(read_.begin(), read_.end(),
                                 [&](const Field& field) { return field.name == name; });
    if (at != read_.end()) return static_cast<std::size_t>(at - read_.begin());
    const auto& shown = plan_->source.shown;
    const auto* column = find(name);
    if (column != nullptr && column->type) {
      read_.push_back({name, *column->type});
      return read_.size() - 1;
    }
    const auto declaration =
        fmt::format("write columns = {{ {} = \"string\" }} or whatever it is", name);
    if (column != nullptr) {
      error(option, "no-type", fmt::format("column \"{}\" of {} has no declared type", name, shown),
            declaration);
    } else if (is_known_) {
      std::vector<std::string> known;
      for (const auto& each : columns_) known.push_back(each.name);
      error(option, "unknown-column", fmt::format("{} has no column \"{}\"", shown, name),
            suggest(name, known));
    } else {
      error(option, "no-type",
            fmt::format("{} is not there yet, so that the type of its column \"{}\" is not known",
                        shown, name),
            declaration);
    }
    return std::nullopt;
  }

  void add_key(const std::string& ours, const std::string& theirs) {
    const auto own = context_.input().index_of(ours);
    if (!own) {
      error("on", "unknown-column", fmt::format("the input has no column \"{}\"", ours),
            suggest(ours, context_.input().names()));
    }
    const auto other = table_column("on", theirs);
    if (!own || !other) return;
    const auto type = context_.input().field(*own).type;
    if (read_[*other].type != type) {
      error("on", "wrong-type",
            fmt::format("\"{}\" is {} here and {} in {}", ours, to_string(type),
                        to_string(read_[*other].type), plan_->source.shown),
            fmt::format("write columns = {{ {} = \"{}\" }}", theirs, to_string(type)));
      return;
    }
    plan_->key.push_back(*own);
    plan_->key_names.push_back(ours);
    plan_->roles.key.push_back(*other);
  }

  void add_times() {
    if (!options_.has("as_of")) return;
    plan_->as_of = context_.input().index_of(options_.text("as_of"));
    const auto is_moment = [](Type type) { return type.is_time() || type == kDate; };
    if (!is_moment(context_.input().field(*plan_->as_of).type)) {
      error("as_of", "wrong-type", "\"as_of\" wants a date or a timestamp");
    }
    auto& roles = plan_->roles;
    roles.valid_from = table_column("valid_from", options_.text("valid_from"));
    roles.valid_until = table_column("valid_until", options_.text("valid_until"));
    for (const auto& [option, column] :
         {std::pair{"valid_from", roles.valid_from}, std::pair{"valid_until", roles.valid_until}}) {
      if (!column || is_moment(read_[*column].type)) continue;
      const auto& name = read_[*column].name;
      error(option, "wrong-type",
            fmt::format("\"{}\" of {} is no date and no timestamp", name, plan_->source.shown),
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
    fields.push_back({ours, read_[*column].type});
    plan_->take.push_back(*column);
  }

  bool fill() {
    try {
      plan_->table = read_table(plan_->source, plan_->roles);
    } catch (const Error& problem) {
      if (problem.code() == Errc::internal) throw;
      error("file", "bad-file", problem.what(),
            "say in columns what its values are, or mend the file");
    }
    return good_;
  }

  BindContext& context_;
  const Options& options_;
  std::shared_ptr<LookupPlan> plan_;
  std::vector<RelationColumn> columns_;  ///< of the table, as far as they are known
  std::vector<Field> read_;
  bool is_known_ = false;   ///< the table is there: it has these columns and no others
  bool reads_now_ = false;  ///< what it holds is part of the plan
  bool good_ = true;
};

}  // namespace

std::shared_ptr<const LookupPlan> bind_lookup_plan(BindContext& context,
                                                   std::string& content_hash) {
  return LookupBinder(context).run(content_hash);
}

}  // namespace flowrun::nodes
