#include "engine/plan/option_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "engine/core/error.h"
#include "engine/data/type.h"
#include "engine/plan/toml_reader.h"

namespace flowrun {
namespace {

std::string_view expected(OptionKind kind) {
  switch (kind) {
    case OptionKind::text:
      return "a string";
    case OptionKind::path:
      return "a path (a string)";
    case OptionKind::integer:
      return "a whole number";
    case OptionKind::number:
      return "a number";
    case OptionKind::boolean:
      return "true or false";
    case OptionKind::duration:
      return "a duration such as \"15m\"";
    case OptionKind::size:
      return "a size such as \"256 MiB\"";
    case OptionKind::choice:
      return "a string";
    case OptionKind::names:
      return "a string or a list of strings";
    case OptionKind::column:
      return "the name of a column (a string)";
    case OptionKind::columns:
      return "the name of a column or a list of them";
    case OptionKind::types:
      return "a table of types, such as { amount = \"int64\" }";
    case OptionKind::renames:
      return "a table of strings";
    case OptionKind::expression:
      return "an expression (a string)";
    case OptionKind::query:
      return "a query (a string)";
    case OptionKind::expressions:
      return "a table of expressions (strings)";
    case OptionKind::targets:
      return "an expression or a list of them (strings)";
    case OptionKind::any:
      return "a value";
  }
  return "a value";
}

bool all_texts(const OptionValue& value) {
  if (value.is_list()) {
    return std::all_of(value.list().begin(), value.list().end(),
                       [](const OptionValue& item) { return item.is_text(); });
  }
  if (!value.is_table()) return value.is_text();
  return std::all_of(value.table().begin(), value.table().end(),
                     [](const auto& entry) { return entry.second.is_text(); });
}

bool has_kind(const OptionValue& value, OptionKind kind) {
  switch (kind) {
    case OptionKind::text:
    case OptionKind::path:
    case OptionKind::duration:
    case OptionKind::size:
    case OptionKind::choice:
    case OptionKind::column:
    case OptionKind::expression:
    case OptionKind::query:
      return value.is_text();
    case OptionKind::integer:
      return std::holds_alternative<std::int64_t>(value.value);
    case OptionKind::number:
      return std::holds_alternative<std::int64_t>(value.value) ||
             std::holds_alternative<double>(value.value);
    case OptionKind::boolean:
      return std::holds_alternative<bool>(value.value);
    case OptionKind::names:
    case OptionKind::columns:
    case OptionKind::targets:
      return !value.is_table() && all_texts(value);
    case OptionKind::types:
    case OptionKind::renames:
    case OptionKind::expressions:
      return value.is_table() && all_texts(value);
    case OptionKind::any:
      return true;
  }
  return false;
}

/// Checks values one by one against the rows of an option table.
class ValueCheck {
 public:
  ValueCheck(const OptionSpec& spec, const std::string& what, Diagnostics& diagnostics)
      : spec_(spec), what_(what), diagnostics_(diagnostics) {}

  bool check(OptionValue& value) {
    if (!has_kind(value, spec_.kind)) return wrong_type(value);
    switch (spec_.kind) {
      case OptionKind::duration:
        return check_duration(value);
      case OptionKind::size:
        return check_size(value);
      case OptionKind::choice:
        return check_choice(value);
      case OptionKind::types:
        return check_types(value);
      default:
        return true;
    }
  }

 private:
  bool report(const SourceSpan& span, std::string code, const std::string& message,
              std::string hint = {}) {
    diagnostics_.error(std::move(code), span,
                       fmt::format("{}: option \"{}\" {}", what_, spec_.name, message),
                       std::move(hint));
    return false;
  }

  bool wrong_type(const OptionValue& value) {
    std::string hint;
    const bool counts = std::holds_alternative<std::int64_t>(value.value);
    if (counts && spec_.kind == OptionKind::duration) {
      hint = fmt::format("write the unit too: \"{}s\"", std::get<std::int64_t>(value.value));
    } else if (counts && spec_.kind == OptionKind::size) {
      hint = fmt::format("write the unit too: \"{} MiB\"", std::get<std::int64_t>(value.value));
    } else if (value.is_text() && is_bare(value.text())) {
      hint = "write it without quotes";
    } else if (!spec_.example.empty()) {
      hint = fmt::format("for example: {} = {}", spec_.name, spec_.example);
    }
    if (value.is_list() && (spec_.kind == OptionKind::names || spec_.kind == OptionKind::columns)) {
      const auto& items = value.list();
      const auto bad = std::find_if(items.begin(), items.end(),
                                    [](const OptionValue& item) { return !item.is_text(); });
      return report(
          bad->span, "wrong-type",
          fmt::format("must be {}, not a list with {}", expected(spec_.kind), kind_of(*bad)), hint);
    }
    return report(value.span, "wrong-type",
                  fmt::format("must be {}, not {}", expected(spec_.kind), kind_of(value)), hint);
  }

  /// True where the text would be what is wanted if it were not in quotes.
  [[nodiscard]] bool is_bare(const std::string& text) const {
    if (spec_.kind == OptionKind::boolean) return text == "true" || text == "false";
    const auto bare = read_toml_value(text);
    return bare && !bare->is_text() && has_kind(*bare, spec_.kind);
  }

  bool check_duration(OptionValue& value) {
    const auto span = parse_duration(value.text());
    if (!span) {
      return report(value.span, "bad-value", fmt::format("is no duration: \"{}\"", value.text()),
                    "write it as \"250ms\", \"30s\", \"15m\", \"2h\", \"1d\" or \"1h30m\"");
    }
    value.value = std::int64_t{*span};
    return true;
  }

  bool check_size(OptionValue& value) {
    const auto bytes = parse_size(value.text());
    if (!bytes) {
      return report(value.span, "bad-value", fmt::format("is no size: \"{}\"", value.text()),
                    "write it as \"64 KiB\", \"256 MiB\" or \"2 GB\"");
    }
    value.value = std::int64_t{*bytes};
    return true;
  }

  bool check_choice(const OptionValue& value) {
    const auto& choices = spec_.choices;
    if (std::find(choices.begin(), choices.end(), value.text()) != choices.end()) return true;
    return report(value.span, "bad-choice", fmt::format("cannot be \"{}\"", value.text()),
                  suggest(value.text(), choices));
  }

  bool check_types(const OptionValue& value) {
    static const std::vector<std::string> names{"bool",          "int64",       "float64",
                                                "decimal(18,2)", "string",      "date",
                                                "timestamp",     "timestamptz", "bytes"};
    bool good = true;
    for (const auto& [column, type] : value.table()) {
      if (parse_type(type.text())) continue;
      good = report(type.span, "bad-value",
                    fmt::format("gives column \"{}\" an unknown type: \"{}\"", column, type.text()),
                    suggest(type.text(), names));
    }
    return good;
  }

  const OptionSpec& spec_;
  const std::string& what_;
  Diagnostics& diagnostics_;
};

template <typename T>
T parse_number(const std::string& text) {
  T value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// The default of an option as a checked value. Defaults are ours: a bad one is a bug.
OptionValue fallback_of(const OptionSpec& spec) {
  OptionValue value;
  const bool composed = spec.fallback.front() == '[' || spec.fallback.front() == '{';
  if (spec.kind == OptionKind::integer) {
    value.value = parse_number<std::int64_t>(spec.fallback);
  } else if (spec.kind == OptionKind::number) {
    value.value = parse_number<double>(spec.fallback);
  } else if (spec.kind == OptionKind::boolean) {
    value.value = spec.fallback == "true";
  } else if (composed && spec.kind != OptionKind::text && spec.kind != OptionKind::choice) {
    auto parsed = read_toml_value(spec.fallback);
    if (!parsed) bug("option \"{}\" has a default that is no TOML: {}", spec.name, spec.fallback);
    value = std::move(*parsed);
  } else {
    value.value = spec.fallback;
  }
  Diagnostics problems;
  if (!ValueCheck(spec, spec.name, problems).check(value)) {
    bug("option \"{}\" has a bad default: {}", spec.name, spec.fallback);
  }
  return value;
}

/// Returns the key that was probably meant, if any.
std::optional<std::string> report_unknown(const std::string& key, const OptionValue& value,
                                          const TableRules& rules, Diagnostics& diagnostics) {
  if (std::find(rules.later.begin(), rules.later.end(), key) != rules.later.end()) {
    diagnostics.error("not-supported", value.key_span,
                      fmt::format("{}: option \"{}\" is not supported yet", rules.what, key),
                      "this release does not know it; leave it out");
    return std::nullopt;
  }
  std::vector<std::string> known = rules.others;
  for (const auto& spec : rules.specs) known.push_back(spec.name);
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  diagnostics.error("unknown-option", value.key_span,
                    fmt::format("{}: unknown option \"{}\"", rules.what, key), suggest(key, known));
  return closest(key, known);
}

}  // namespace

std::string_view kind_of(const OptionValue& value) {
  struct Name {
    std::string_view operator()(std::monostate) const { return "nothing"; }
    std::string_view operator()(bool) const { return "a boolean"; }
    std::string_view operator()(std::int64_t) const { return "a whole number"; }
    std::string_view operator()(double) const { return "a float"; }
    std::string_view operator()(const std::string&) const { return "a string"; }
    std::string_view operator()(const OptionValue::List&) const { return "a list"; }
    std::string_view operator()(const OptionValue::Table&) const { return "a table"; }
  };
  return std::visit(Name{}, value.value);
}

bool is_broken(const OptionValue& value) {
  if (value.is_list()) return std::any_of(value.list().begin(), value.list().end(), is_broken);
  if (value.is_table()) {
    return std::any_of(value.table().begin(), value.table().end(),
                       [](const auto& entry) { return is_broken(entry.second); });
  }
  return std::holds_alternative<std::monostate>(value.value);
}

bool check_value(OptionValue& value, const OptionSpec& spec, const std::string& what,
                 Diagnostics& diagnostics) {
  return ValueCheck(spec, what, diagnostics).check(value);
}

CheckedTable check_table(const OptionValue& table, const SourceSpan& owner, const TableRules& rules,
                         Diagnostics& diagnostics) {
  CheckedTable out;
  std::vector<std::string> written;
  std::vector<std::string> misspelt;  // what unknown keys probably mean: not missing as well
  for (const auto& entry : table.table()) {
    const auto& key = entry.first;
    const auto& value = entry.second;
    const auto spec = std::find_if(rules.specs.begin(), rules.specs.end(),
                                   [&](const OptionSpec& row) { return row.name == key; });
    if (spec == rules.specs.end()) {
      const auto& others = rules.others;
      if (std::find(others.begin(), others.end(), key) == others.end()) {
        if (const auto meant = report_unknown(key, value, rules, diagnostics)) {
          misspelt.push_back(*meant);
        }
      }
      continue;
    }
    written.push_back(key);
    auto checked = value;
    if (is_broken(checked) || !check_value(checked, *spec, rules.what, diagnostics)) {
      out.usable = false;
    } else {
      out.values.emplace(key, std::move(checked));
    }
  }
  for (const auto& spec : rules.specs) {
    if (std::find(written.begin(), written.end(), spec.name) != written.end()) continue;
    if (!spec.fallback.empty()) {
      out.values.emplace(spec.name, fallback_of(spec));
    } else if (spec.required) {
      out.usable = false;
      const bool is_misspelt =
          std::find(misspelt.begin(), misspelt.end(), spec.name) != misspelt.end();
      if (!rules.report_missing || is_misspelt) continue;
      diagnostics.error("missing-option", owner,
                        fmt::format("{}: option \"{}\" is missing", rules.what, spec.name),
                        spec.example.empty()
                            ? fmt::format("{}: {}", spec.name, spec.help)
                            : fmt::format("for example: {} = {}", spec.name, spec.example));
    }
  }
  return out;
}

}  // namespace flowrun
