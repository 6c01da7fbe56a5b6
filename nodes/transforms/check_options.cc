#include "nodes/transforms/check_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/data/text.h"
#include "engine/spec/expression_option.h"
#include "nodes/formats/csv_side_table.h"
#include "nodes/kernels/constants.h"

namespace flowrun::nodes {
namespace {

/// The keys that say what a rule asks: exactly one of them stands in a rule.
const std::vector<std::string> kRowKinds{"expr", "not_null", "values", "reference"};
const std::vector<std::string> kTableKinds{"row_count", "unique", "freshness"};

std::vector<std::string> joined(std::vector<std::string> one,
                                const std::vector<std::string>& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

/// Reads one entry of `rules`.
class RuleReader {
 public:
  RuleReader(BindContext& context, const OptionValue& value, std::string& files)
      : context_(context), value_(value), files_(files) {}

  /// Nothing after a diagnostic.
  std::optional<CheckRule> read() {
    static const auto kinds = joined(kRowKinds, kTableKinds);
    if (!value_.is_table()) {
      error(value_, "wrong-type", "a rule is a table",
            "for example: { name = \"sane\", expr = \"quantity > 0\", on_fail = \"reject\" }");
      return std::nullopt;
    }
    const auto* name = entry(value_, "name");
    if (name == nullptr)
      error(value_, "missing-option", "a rule has no name", "write name = \"…\"");
    if (name != nullptr) rule_.name = text(*name, "name");
    check_keys(value_, joined({"name", "on_fail", "column"}, kinds), shown());
    const auto kind = read_kind(kinds);
    if (kind.empty()) return std::nullopt;
    read_consequence(kind);
    read_test(kind);
    return good_ ? std::optional(std::move(rule_)) : std::nullopt;
  }

 private:
  [[nodiscard]] std::string shown() const {
    return rule_.name.empty() ? "a rule" : fmt::format("rule \"{}\"", rule_.name);
  }

  void error(const OptionValue& at, std::string code, std::string message, std::string hint = {}) {
    context_.error_at(at.span, std::move(code), std::move(message), std::move(hint));
    good_ = false;
  }

  static const OptionValue* entry(const OptionValue& table, std::string_view key) {
    return table.find(key);
  }

  /// A text that is not empty.
  std::string text(const OptionValue& value, const std::string& key) {
    if (value.is_text() && !value.text().empty()) return value.text();
    error(value, "wrong-type", fmt::format("{}: \"{}\" must be a string", shown(), key));
    return {};
  }

  void check_keys(const OptionValue& table, const std::vector<std::string>& known,
                  const std::string& what) {
    for (const auto& [key, value] : table.table()) {
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      context_.error_at(value.key_span, "unknown-option",
                        fmt::format("{} has no \"{}\"", what, key), suggest(key, known));
      good_ = false;
    }
  }

  /// The one key that says what the rule asks; "" after a diagnostic.
  std::string read_kind(const std::vector<std::string>& kinds) {
    std::string found;
    for (const auto& [key, value] : value_.table()) {
      if (std::find(kinds.begin(), kinds.end(), key) == kinds.end()) continue;
      if (!found.empty()) {
        error(value, "conflicting-options",
              fmt::format("{} asks two things: \"{}\" and \"{}\"", shown(), found, key),
              "make two rules of it");
        return {};
      }
      found = key;
    }
    // With an unknown key, that is most likely what the rule was to ask.
    if (found.empty() && good_) {
      error(value_, "missing-option", shown() + " asks nothing", suggest("", kinds));
    }
    return found;
  }

  void read_consequence(const std::string& kind) {
    const auto* written = entry(value_, "on_fail");
    if (written == nullptr) return;
    const auto on_fail = written->is_text() ? parse_on_fail(written->text()) : std::nullopt;
    if (!on_fail) {
      return error(*written, "bad-choice",
                   shown() + ": \"on_fail\" is neither reject, warn nor error",
                   written->is_text() ? suggest(written->text(), {"reject", "warn", "error"}) : "");
    }
    rule_.on_fail = on_fail.value();
    const bool is_table_rule =
        std::find(kTableKinds.begin(), kTableKinds.end(), kind) != kTableKinds.end();
    if (rule_.on_fail != OnFail::reject || !is_table_rule) return;
    error(*written, "conflicting-options",
          fmt::format("{}: \"{}\" is about all rows together; there is none to reject", shown(),
                      kind),
          kind == "unique" ? "a dedup in front of it keeps one row of each key"
                           : "write \"warn\" or \"error\"");
  }

  void read_test(const std::string& kind) {
    const auto& value = *entry(value_, kind);
    const auto& schema = context_.input();
    const bool wants_column = kind == "values" || kind == "reference";
    const auto* written = entry(value_, "column");
    if (!wants_column && written != nullptr) {
      error(*written, "useless-option",
            fmt::format("{}: \"{}\" takes no \"column\"", shown(), kind));
    } else if (wants_column && written == nullptr) {
      error(value_, "missing-option", fmt::format("{}: \"{}\" wants a \"column\"", shown(), kind),
            "write column = \"…\"");
    } else if (wants_column) {
      const auto column = column_at(*written, "column");
      if (column) kind == "values" ? read_values(value, *column) : read_reference(value, *column);
    } else if (kind == "expr") {
      read_condition(value);
    } else if (kind == "not_null") {
      auto columns = columns_at(value, kind);
      if (!columns.empty()) rule_.row = not_null_test(schema, std::move(columns));
    } else if (kind == "unique") {
      auto columns = columns_at(value, kind);
      if (!columns.empty()) rule_.table = unique_test(context_.input_ref(), std::move(columns));
    } else if (kind == "row_count") {
      read_row_count(value);
    } else {
      read_freshness(value);
    }
  }

  void read_condition(const OptionValue& value) {
    if (text(value, "expr").empty()) return;
    auto condition = compile_condition(context_, value, context_.input());
    good_ = good_ && condition;
    if (condition) rule_.row = condition_test(std::move(*condition));
  }

  std::optional<std::size_t> column_at(const OptionValue& value, const std::string& key) {
    const auto name = text(value, key);
    if (name.empty()) return std::nullopt;
    const auto column = context_.input().index_of(name);
    if (!column) {
      error(value, "unknown-column", fmt::format("{}: there is no column \"{}\"", shown(), name),
            suggest(name, context_.input().names()));
    }
    return column;
  }

  /// The columns of a name or a list of names; empty after a diagnostic.
  std::vector<std::size_t> columns_at(const OptionValue& value, const std::string& key) {
    if (!value.is_list()) {
      const auto column = column_at(value, key);
      return column ? std::vector{*column} : std::vector<std::size_t>();
    }
    std::vector<std::size_t> columns;
    for (const auto& item : value.list()) {
      const auto column = column_at(item, key);
      if (!column) continue;
      if (std::find(columns.begin(), columns.end(), *column) != columns.end()) {
        error(item, "duplicate-column",
              fmt::format("{}: column \"{}\" stands twice", shown(), item.text()));
      }
      columns.push_back(*column);
    }
    if (value.list().empty()) {
      error(value, "no-columns", fmt::format("{}: \"{}\" names no column", shown(), key));
    }
    return columns;
  }

  void read_values(const OptionValue& value, std::size_t column) {
    const auto& field = context_.input().field(column);
    if (!value.is_list() || value.list().empty()) {
      return error(value, "wrong-type", shown() + ": \"values\" must be a list of values");
    }
    ColumnBuilder constants(field.type);
    for (const auto& item : value.list()) {
      good_ = append_constant(context_, field.name, item, constants) && good_;
    }
    auto values = std::make_shared<ValueSet>();
    values->add(*constants.finish());
    const auto size = values->size();
    rule_.row = member_test(
        column, std::move(values),
        size == 1 ? "not the accepted value" : fmt::format("none of the {} accepted values", size));
  }

  void read_reference(const OptionValue& value, std::size_t column) {
    if (!is_table(value, "reference", "{ file = \"routes.csv\", column = \"id\" }")) return;
    check_keys(value, {"file", "column"}, shown() + ": \"reference\"");
    const auto file = nested_text(value, "reference", "file");
    const auto name = nested_text(value, "reference", "column");
    if (file.empty() || name.empty()) return;
    const auto content = context_.read_file("rules", file);
    good_ = good_ && content;
    if (!content) return;
    files_ += fingerprint(*content);
    const auto schema = make_schema({{name, context_.input().field(column).type}});
    auto values = std::make_shared<ValueSet>();
    try {
      for (const auto& batch : read_csv_table(file, context_.resolve(file), {}, schema)) {
        values->add(batch->column(0));
      }
    } catch (const Error& problem) {
      if (problem.code() == Errc::internal) throw;
      return error(value, "bad-file", fmt::format("{}: {}", shown(), problem.what()));
    }
    rule_.row = member_test(column, std::move(values), fmt::format("not in {} of {}", name, file));
  }

  void read_row_count(const OptionValue& value) {
    if (!is_table(value, "row_count", "{ min = 1 }")) return;
    check_keys(value, {"min", "max"}, shown() + ": \"row_count\"");
    const auto least = whole_number(value, "min");
    const auto most = whole_number(value, "max");
    if (!good_) return;
    if (!least && !most) {
      return error(value, "missing-option", shown() + ": \"row_count\" has neither min nor max");
    }
    if (least && most && *least > *most) {
      return error(value, "bad-value", shown() + ": \"row_count\": min is more than max");
    }
    rule_.table = row_count_test(least, most);
  }

  void read_freshness(const OptionValue& value) {
    if (!is_table(value, "freshness", "{ column = \"created_time\", within = \"2h\" }")) return;
    check_keys(value, {"column", "within"}, shown() + ": \"freshness\"");
    const auto name = nested_text(value, "freshness", "column");
    const auto within = nested_text(value, "freshness", "within");
    if (name.empty() || within.empty()) return;
    const auto column = column_at(*entry(value, "column"), "column");
    const auto span = parse_duration(within);
    if (!span) {
      error(*entry(value, "within"), "bad-value",
            fmt::format("{}: \"within\" is no duration: \"{}\"", shown(), within),
            "write it as \"15m\", \"2h\" or \"1d\"");
    }
    if (!column) return;
    const auto type = context_.input().field(*column).type;
    if (!type.is_time() && type != kDate) {
      error(*entry(value, "column"), "wrong-type",
            fmt::format("{}: column \"{}\" is {}, not a date or a timestamp", shown(), name,
                        to_string(type)));
    }
    if (good_) rule_.table = freshness_test(context_.input(), *column, context_.now() - *span);
  }

  bool is_table(const OptionValue& value, const std::string& key, const std::string& example) {
    if (value.is_table()) return true;
    error(value, "wrong-type", fmt::format("{}: \"{}\" must be a table", shown(), key),
          fmt::format("for example: {} = {}", key, example));
    return false;
  }

  std::string nested_text(const OptionValue& table, const std::string& of, const std::string& key) {
    const auto* value = entry(table, key);
    if (value != nullptr) return text(*value, key);
    error(table, "missing-option", fmt::format("{}: \"{}\" has no \"{}\"", shown(), of, key));
    return {};
  }

  /// 0 or more; also as the text that a variable leaves.
  std::optional<std::int64_t> whole_number(const OptionValue& table, const std::string& key) {
    const auto* value = entry(table, key);
    if (value == nullptr) return std::nullopt;
    auto number = value->is_text() ? parse_int64(value->text()) : std::nullopt;
    if (const auto* bare = std::get_if<std::int64_t>(&value->value)) number = *bare;
    if (!number || *number < 0) {
      error(*value, "wrong-type", fmt::format("{}: \"{}\" must be a whole number", shown(), key));
    }
    return number;
  }

  BindContext& context_;
  const OptionValue& value_;
  std::string& files_;
  CheckRule rule_;
  bool good_ = true;
};

}  // namespace

std::shared_ptr<const CheckPlan> read_check_rules(BindContext& context, std::string& content_hash) {
  auto plan = std::make_shared<CheckPlan>();
  plan->schema = context.input_ref();
  const auto& rules = *context.options().raw("rules");
  if (!rules.is_list() || rules.list().empty()) {
    context.error("rules", "wrong-type", "\"rules\" must be a list of tables",
                  "write a rule as { name = \"…\", expr = \"…\" }");
    return plan;
  }
  std::string files;
  std::vector<std::string> names;
  for (const auto& value : rules.list()) {
    const auto* name = value.is_table() ? value.find("name") : nullptr;
    if (name != nullptr && name->is_text()) {
      if (std::find(names.begin(), names.end(), name->text()) != names.end()) {
        context.error_at(name->span, "duplicate-name",
                         fmt::format("two rules are called \"{}\"", name->text()),
                         "results are told apart by their rule's name");
      }
      names.push_back(name->text());
    }
    if (auto rule = RuleReader(context, value, files).read()) plan->rules.push_back(*rule);
  }
  if (!files.empty()) content_hash = fingerprint(files);
  return plan;
}

}  // namespace flowrun::nodes
