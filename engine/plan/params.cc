#include "engine/plan/params.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/plan/grammar.h"
#include "engine/plan/moment.h"
#include "engine/plan/option_check.h"
#include "engine/plan/source_position.h"
#include "engine/plan/toml_reader.h"

namespace flowrun {
namespace {

/// What is declared of one parameter.
struct Declaration {
  std::string type;
  const OptionValue* fallback = nullptr;
  std::string help;
  bool secret = false;
};

/// The type of a default that is written without one; "" for lists and tables.
std::string type_of(const OptionValue& value) {
  if (std::holds_alternative<bool>(value.value)) return "bool";
  if (std::holds_alternative<std::int64_t>(value.value)) return "int64";
  if (std::holds_alternative<double>(value.value)) return "float64";
  if (!value.is_text()) return "";
  if (is_quoted(value.span)) return "string";
  if (parse_date(value.text())) return "date";
  const auto time = parse_timestamp(value.text());
  if (!time) return "string";
  return time->offset ? "timestamptz" : "timestamp";
}

template <typename T>
bool is_number(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

std::optional<Variable> moment_variable(const std::string& type, const std::string& text,
                                        Micros now) {
  const auto moment = parse_moment(text, now);
  if (!moment) return std::nullopt;
  std::string shown;
  if (type == "date") {
    const auto day = snap_down(moment->at, kDay);
    if (!moment->relative && day != moment->at) return std::nullopt;
    shown = format_date(static_cast<std::int32_t>(day / kDay));
  } else if (type == "timestamp") {
    if (!moment->relative && moment->offset) return std::nullopt;
    shown = format_timestamp(moment->at);
  } else {
    shown = format_timestamptz(moment->at);
  }
  return Variable{.text = shown, .unresolved = moment->relative ? text : shown};
}

/// Reads `text` as a value of `type`; nothing where it is none.
std::optional<Variable> parse_variable(const std::string& type, const std::string& text,
                                       Micros now) {
  bool good = true;
  if (type == "date" || type == "timestamp" || type == "timestamptz") {
    return moment_variable(type, text, now);
  }
  if (type == "int64") good = is_number<std::int64_t>(text);
  if (type == "float64") good = is_number<double>(text);
  if (type == "bool") good = text == "true" || text == "false";
  if (type == "duration") good = parse_duration(text).has_value();
  if (!good) return std::nullopt;
  return Variable{.text = text, .unresolved = text};
}

std::string hint_for(const std::string& type) {
  if (type == "date") return "write a date as \"2026-01-31\", \"today\" or \"today - 1d\"";
  if (type == "timestamp") return "write it as \"2026-01-31T00:00:00\", without a zone";
  if (type == "timestamptz") return std::string(kMomentForms);
  if (type == "bool") return "write true or false";
  if (type == "duration") return "write it as \"30s\", \"15m\", \"2h\" or \"1d\"";
  return {};
}

class ParamReader {
 public:
  ParamReader(const PlanOptions& options, Micros now, Interpolator& variables,
              Diagnostics& diagnostics)
      : options_(options), now_(now), variables_(variables), diagnostics_(diagnostics) {}

  void read(const std::string& name, const OptionValue& value) {
    names_.push_back(name);
    const auto declared = declare(name, value);
    auto variable = declared ? evaluate(name, value, *declared) : std::nullopt;
    if (variable) variable->type = declared->type;
    if (!variable) {
      variable = Variable{.broken = true};
    } else if (variable->secret || declared->secret) {
      variable->secret = true;
    } else {
      shown_.emplace(name, variable->text);
    }
    results_.emplace_back(name, std::move(*variable));
  }

  /// Reports --param that nobody declared, and makes the values known (not before: defaults must
  /// not see them).
  std::map<std::string, std::string> finish() {
    for (const auto& [name, text] : options_.params) {
      if (std::find(names_.begin(), names_.end(), name) != names_.end()) continue;
      diagnostics_.error(
          "unknown-param", {},
          fmt::format("--param {}: the pipeline has no parameter \"{}\"", name, name),
          names_.empty() ? "it has no [params] at all" : suggest(name, names_));
    }
    for (auto& [name, variable] : results_) variables_.set(name, std::move(variable));
    return std::move(shown_);
  }

 private:
  std::optional<Declaration> declare(const std::string& name, const OptionValue& value) {
    if (!is_name(name) || name == "window") {
      diagnostics_.error(
          "bad-name", value.key_span,
          fmt::format("[params]: \"{}\" cannot be the name of a parameter", name),
          name == "window" ? "${window} has a meaning of its own" : std::string(kNameRule));
      return std::nullopt;
    }
    if (!value.is_table()) return typed(name, value, {"", &value, "", false});
    const auto what = fmt::format("parameter \"{}\"", name);
    const auto checked =
        check_table(value, value.key_span, {what, param_section().options, {}, {}}, diagnostics_);
    if (!checked.usable) return std::nullopt;
    const Options table(checked.values, value.key_span);
    return typed(name, value,
                 {table.text_or("type", ""), value.find("default"), table.text_or("help", ""),
                  table.boolean("secret")});
  }

  /// Fills in a type that was not written.
  std::optional<Declaration> typed(const std::string& name, const OptionValue& value,
                                   Declaration declared) {
    if (!declared.type.empty()) return declared;
    declared.type = declared.fallback == nullptr ? "string" : type_of(*declared.fallback);
    if (!declared.type.empty()) return declared;
    diagnostics_.error(
        "wrong-type", declared.fallback->span,
        fmt::format("parameter \"{}\": the default must be a scalar, not {}", name,
                    kind_of(declared.fallback == nullptr ? value : *declared.fallback)));
    return std::nullopt;
  }

  std::optional<Variable> evaluate(const std::string& name, const OptionValue& value,
                                   const Declaration& declared) {
    const auto given = options_.params.find(name);
    if (given != options_.params.end()) {
      auto variable = parse_variable(declared.type, given->second, now_);
      if (!variable) {
        const auto shown =
            declared.secret ? std::string("the value") : fmt::format("\"{}\"", given->second);
        diagnostics_.error("bad-value", value.key_span,
                           fmt::format("--param {}: {} is no {}", name, shown, declared.type),
                           hint_for(declared.type));
      }
      return variable;
    }
    if (declared.fallback != nullptr) return evaluate_default(name, declared);
    diagnostics_.error("missing-param", value.key_span,
                       fmt::format("parameter \"{}\" has no value and no default", name),
                       fmt::format("give it with --param {}=… ({}{}{})", name, declared.type,
                                   declared.help.empty() ? "" : ": ", declared.help));
    return std::nullopt;
  }

  std::optional<Variable> evaluate_default(const std::string& name, const Declaration& declared) {
    const auto& fallback = *declared.fallback;
    const auto resolved = variables_.apply(fallback, Form::resolved);
    if (is_broken(resolved)) return std::nullopt;
    const auto actual = type_of(fallback);
    const bool fits =
        resolved.is_text()
            ? (declared.type != "int64" && declared.type != "float64" && declared.type != "bool") ||
                  has_variable(fallback.text())
            : actual == declared.type || (actual == "int64" && declared.type == "float64");
    const auto text = resolved.is_text() ? resolved.text() : toml_text(resolved);
    auto variable = fits ? parse_variable(declared.type, text, now_) : std::nullopt;
    if (!variable) {
      diagnostics_.error("bad-value", fallback.span,
                         fmt::format("parameter \"{}\": the default is no {}: {}", name,
                                     declared.type, declared.secret ? "***" : toml_text(resolved)),
                         hint_for(declared.type));
      return variable;
    }
    if (fallback.is_text() && has_variable(fallback.text())) {
      // From the environment or a secret file: hashes see how it was written.
      variable->unresolved = fallback.text();
      variable->secret = fallback.text().find("${file:") != std::string::npos;
    }
    return variable;
  }

  const PlanOptions& options_;
  Micros now_;
  Interpolator& variables_;
  Diagnostics& diagnostics_;
  std::vector<std::string> names_;
  std::vector<std::pair<std::string, Variable>> results_;
  std::map<std::string, std::string> shown_;
};

}  // namespace

std::map<std::string, std::string> resolve_params(const OptionValue* section,
                                                  const PlanOptions& options, Micros now,
                                                  Interpolator& variables,
                                                  Diagnostics& diagnostics) {
  ParamReader reader(options, now, variables, diagnostics);
  if (section != nullptr) {
    for (const auto& [name, value] : section->table()) reader.read(name, value);
  }
  return reader.finish();
}

}  // namespace flowrun
