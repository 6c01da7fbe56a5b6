#include "tools/flowrun/check_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/text_table.h"
#include "engine/observe/numbers.h"

namespace flowrun::command {
namespace {

std::string table_of_rules(const std::vector<CheckSummary>& rules, bool color) {
  constexpr auto kRight = TextTable::Align::right;
  TextTable table;
  table.column("check").column("rule").column("on_fail").column("units", kRight);
  table.column("not held", kRight).column("rows", kRight).column("failed", kRight);
  for (const auto& rule : rules) {
    table.row({rule.node, rule.rule, to_string(rule.on_fail), with_commas(rule.units),
               with_commas(rule.units_failed), with_commas(rule.rows), with_commas(rule.failed)});
  }
  return table.render(color);
}

}  // namespace

std::string check_tables(const std::vector<StoredCheck>& checks, std::int64_t limit, bool color) {
  std::vector<CheckSummary> rules;
  summarize(rules, checks);
  if (rules.empty()) return {};
  TextTable table;
  table.column("unit").column("rule").column("what was found").column("the first");
  std::int64_t failed = 0;
  for (const auto& check : checks) {
    if (check.result.passed || failed++ >= limit) continue;
    table.row({check.unit, check.result.rule, check.result.detail, check.result.origin});
  }
  auto out = table_of_rules(rules, color);
  if (failed == 0) return out;
  table.drop_empty_columns();
  out += fmt::format("\n{}", table.render(color));
  if (failed > limit) {
    out += fmt::format("… {} more; --limit shows them\n", with_commas(failed - limit));
  }
  return out;
}

std::string check_line(const std::vector<CheckSummary>& checks, const std::string& run,
                       const std::string& file) {
  if (checks.empty()) return {};
  std::string names;
  std::int64_t failed = 0;
  for (const auto& check : checks) {
    if (check.units_failed == 0) continue;
    names += fmt::format("{}{}", failed++ == 0 ? "" : ", ", check.rule);
  }
  const auto rules = counted(static_cast<std::int64_t>(checks.size()), "rule");
  if (failed == 0) return fmt::format("checks: {} held", rules);
  return fmt::format("checks: {} of {} did not hold: {}{}", failed, rules, names,
                     run.empty() ? "" : fmt::format("; flowrun runs {} {} tells more", run, file));
}

void write_checks(JsonWriter& json, const std::vector<CheckSummary>& checks) {
  json.key("checks").begin_array();
  for (const auto& check : checks) {
    json.begin_object()
        .field("node", check.node)
        .field("rule", check.rule)
        .field("on_fail", to_string(check.on_fail))
        .field("passed", check.units_failed == 0)
        .field("units", check.units)
        .field("units_failed", check.units_failed)
        .field("rows", check.rows)
        .field("failed", check.failed)
        .field("unit", check.unit)
        .field("detail", check.detail)
        .field("origin", check.origin)
        .end_object();
  }
  json.end_array();
}

void write_checks(JsonWriter& json, const std::vector<StoredCheck>& checks) {
  json.key("checks").begin_array();
  for (const auto& [node, unit, result] : checks) {
    json.begin_object()
        .field("node", node)
        .field("unit", unit)
        .field("rule", result.rule)
        .field("on_fail", to_string(result.on_fail))
        .field("passed", result.passed)
        .field("rows", result.rows)
        .field("failed", result.failed)
        .field("detail", result.detail)
        .field("origin", result.origin)
        .end_object();
  }
  json.end_array();
}

}  // namespace flowrun::command
