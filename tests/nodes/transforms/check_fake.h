// Rules in code.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "nodes/catalog.h"
#include "tests/support/run_node.h"

namespace flowrun::testing {

/// `{ name = "…", key = value, on_fail = "…" }`.
inline OptionValue rule(const char* name, const char* on_fail, OptionValue::Table asks) {
  asks.emplace_back("name", value(name));
  asks.emplace_back("on_fail", value(on_fail));
  return table(std::move(asks));
}

inline BindFake check_of(OptionValue::List rules, const char* fields) {
  return {nodes::check(), {{"rules", list_of(std::move(rules))}}, {schema_of(fields)}};
}

/// One line per result: "sane warn broken 2/5 at 7: detail", "sane warn held 5".
inline std::string results_of(const Collected& out) {
  std::string text;
  for (const auto& result : out.checks) {
    text += result.rule + " " + to_string(result.on_fail);
    if (result.passed) {
      text += " held " + std::to_string(result.rows) + "\n";
      continue;
    }
    text += " broken " + std::to_string(result.failed) + "/" + std::to_string(result.rows);
    if (result.first) text += " at " + std::to_string(*result.first);
    text += ": " + result.detail + "\n";
  }
  return text;
}

}  // namespace flowrun::testing
