// The names that a pivot turns into columns: from a list, a routes file, or the input itself.
#include <fmt/format.h>

#include <set>

#include "engine/core/hash.h"
#include "engine/data/text.h"
#include "nodes/kernels/routed_columns.h"
#include "nodes/transforms/pivot_plan.h"

namespace flowrun::nodes {
namespace {

using Names = std::vector<std::string>;

/// One name a line; a backslash stands before a backslash, and before "n" for a newline.
std::string to_text(const Names& names) {
  std::string text;
  for (const auto& name : names) {
    for (const char c : name) {
      if (c == '\\') text += '\\';
      text += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    text += '\n';
  }
  return text;
}

Names from_text(std::string_view text) {
  Names names;
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      names.push_back(std::move(name));
      name.clear();
    } else if (text[i] == '\\' && i + 1 < text.size()) {
      ++i;
      name += text[i] == 'n' ? '\n' : text[i];
    } else {
      name += text[i];
    }
  }
  return names;
}

void collect(const Column& column, std::set<std::string>& names) {
  std::vector<bool> seen;
  if (column.is_dictionary()) seen.resize(static_cast<std::size_t>(column.dictionary()->length()));
  std::string last;
  for (std::int64_t row = 0; row < column.length(); ++row) {
    if (!column.is_valid(row)) continue;
    if (column.is_dictionary()) {
      const auto code = static_cast<std::size_t>(column.codes()[static_cast<std::size_t>(row)]);
      if (seen[code]) continue;
      seen[code] = true;
    }
    auto name = text_of(column, row);
    if (!names.empty() && name == last) continue;
    names.insert(name);
    last = std::move(name);
  }
}

std::optional<Names> discover(BindContext& context, Binding& binding, PivotPlan& plan) {
  const auto key = fmt::format("pivot.{}.columns", context.node());
  plan.unknown_reason = "not among the columns that the first run found";
  if (const auto frozen = context.frozen(key)) {
    auto names = from_text(*frozen);
    binding.content_hash = fingerprint(*frozen);
    binding.notes.push_back(fmt::format("{} columns, as the first run found them", names.size()));
    return names;
  }
  std::set<std::string> found;
  const bool scanned = context.scan_input(
      std::nullopt, [&](const Batch& batch) { collect(batch.column(plan.name), found); });
  if (!scanned) return std::nullopt;
  if (found.empty()) {
    context.error("columns", "no-columns", "the input has no row to find columns in",
                  "name them: columns = [\"…\"], or { routes = \"…\", output = \"…\" }");
    return std::nullopt;
  }
  Names names(found.begin(), found.end());
  const auto text = to_text(names);
  context.freeze(key, text);
  binding.content_hash = fingerprint(text);
  binding.notes.push_back(
      fmt::format("{} columns found in the input; later runs keep them", names.size()));
  return names;
}

std::optional<Names> listed(BindContext& context, const OptionValue& value) {
  Names names;
  for (const auto& item : value.list()) {
    if (!item.is_text()) {
      context.error_at(item.span, "wrong-type", "a column's name is a string");
      return std::nullopt;
    }
    names.push_back(item.text());
  }
  if (names.empty()) {
    context.error("columns", "no-columns", "the list of columns is empty",
                  "leave \"columns\" out to find them in the input");
    return std::nullopt;
  }
  return names;
}

}  // namespace

std::optional<Names> pivot_names(BindContext& context, Binding& binding, PivotPlan& plan) {
  plan.unknown_reason = "unknown name";
  const auto* value = context.options().raw("columns");
  if (value == nullptr) return discover(context, binding, plan);
  if (value->is_list()) return listed(context, *value);
  auto routed = read_routed_columns(context, "columns");
  if (!routed) return std::nullopt;
  binding.content_hash = routed->hash;
  binding.notes.push_back(fmt::format("{} columns: output \"{}\" of {}", routed->names.size(),
                                      routed->output, routed->path));
  return std::move(routed->names);
}

}  // namespace flowrun::nodes
