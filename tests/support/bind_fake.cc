#include "tests/support/bind_fake.h"

#include <algorithm>
#include <stdexcept>

#include "engine/data/text.h"

namespace flowrun::testing {
namespace {

template <typename T>
OptionValue made(T content) {
  OptionValue value;
  value.value = std::move(content);
  return value;
}

/// A default as the option table writes it, as the typed value that the planner makes of it.
OptionValue typed_default(const OptionSpec& spec) {
  switch (spec.kind) {
    case OptionKind::integer:
      return made(parse_int64(spec.fallback).value());
    case OptionKind::number:
      return made(parse_float64(spec.fallback).value());
    case OptionKind::boolean:
      return made(parse_bool(spec.fallback).value());
    case OptionKind::duration:
      return made(parse_duration(spec.fallback).value());
    case OptionKind::size:
      return made(parse_size(spec.fallback).value());
    default:
      return made(spec.fallback);
  }
}

/// What a test wrote, as the planner would hand it over.
OptionValue typed(const OptionSpec& spec, OptionValue value) {
  if (!value.is_text()) return value;
  if (spec.kind == OptionKind::duration) return made(parse_duration(value.text()).value());
  if (spec.kind == OptionKind::size) return made(parse_size(value.text()).value());
  return value;
}

}  // namespace

OptionValue value(const char* text) { return made(std::string(text)); }
OptionValue value(std::string text) { return made(std::move(text)); }
OptionValue value(bool flag) { return made(flag); }
OptionValue value(int number) { return made(std::int64_t{number}); }
OptionValue value(std::int64_t number) { return made(number); }
OptionValue value(double number) { return made(number); }

OptionValue list(const std::vector<std::string>& texts) {
  OptionValue::List values;
  for (const auto& text : texts) values.push_back(value(text));
  return made(std::move(values));
}

OptionValue list_of(OptionValue::List values) { return made(std::move(values)); }
OptionValue table(OptionValue::Table entries) { return made(std::move(entries)); }

BindFake::BindFake(const NodeType& type, const Given& options, std::vector<SchemaRef> inputs)
    : type_(type), inputs_(std::move(inputs)) {
  std::map<std::string, OptionValue> values;
  for (const auto& spec : type_.spec.options) {
    const auto given = std::find_if(options.begin(), options.end(),
                                    [&](const auto& option) { return option.first == spec.name; });
    if (given != options.end()) {
      values.emplace(spec.name, typed(spec, given->second));
    } else if (!spec.fallback.empty()) {
      values.emplace(spec.name, typed_default(spec));
    } else if (spec.required) {
      throw std::runtime_error("the test leaves out the required option " + spec.name);
    }
  }
  for (const auto& [name, given] : options) {
    const bool known =
        std::any_of(type_.spec.options.begin(), type_.spec.options.end(),
                    [&wanted = name](const OptionSpec& spec) { return spec.name == wanted; });
    if (!known) throw std::runtime_error(type_.spec.name + " declares no option " + name);
  }
  options_ = Options(std::move(values), {});
}

std::string BindFake::problems() const {
  std::string out;
  for (const auto& problem : diagnostics_.all()) {
    out += problem.severity == Severity::error ? "error " : "warning ";
    out += problem.code + ": " + problem.message;
    if (!problem.hint.empty()) out += "; " + problem.hint;
    out += '\n';
  }
  return out;
}

std::string BindFake::resolve(std::string_view path) const {
  if (path == "-" || path.substr(0, 1) == "/") return std::string(path);
  return directory + "/" + std::string(path);
}

std::optional<std::string> BindFake::read_file(std::string_view option, const std::string& path) {
  for (const auto& [name, text] : files) {
    if (path == name || path == resolve(name)) return text;
  }
  error(option, "unreadable-file", "cannot read " + path);
  return std::nullopt;
}

std::optional<std::string> BindFake::frozen(const std::string& name) const {
  const auto found = frozen_values.find(name);
  if (found == frozen_values.end()) return std::nullopt;
  return found->second;
}

bool BindFake::scan_input(std::optional<std::int64_t> rows,
                          const std::function<void(const Batch&)>& visit) {
  ++scans_;
  if (!can_scan) {
    diagnostics_.error("no-scan", options_.node_span(), "cannot look at the input here");
    return false;
  }
  std::int64_t left = rows.value_or(INT64_MAX);
  for (const auto& batch : scanned) {
    if (left <= 0) break;
    const auto count = std::min(left, batch->rows());
    visit(*slice(*batch, 0, count));
    left -= count;
  }
  return true;
}

}  // namespace flowrun::testing
