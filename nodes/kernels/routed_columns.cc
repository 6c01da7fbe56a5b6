#include "nodes/kernels/routed_columns.h"

#include <fmt/format.h>

#include "engine/core/hash.h"

namespace flowrun::nodes {
namespace {

constexpr const char* kShape = "write { routes = \"channels.csv\", output = \"engine\" }";

/// The text of entry `key`; a diagnostic where it is not there or no string.
const OptionValue* text_entry(BindContext& context, const OptionValue& table,
                              std::string_view option, std::string_view key) {
  const auto* entry = table.find(key);
  if (entry == nullptr) {
    context.error_at(table.span, "missing-option", fmt::format("\"{}\" needs \"{}\"", option, key),
                     kShape);
  } else if (!entry->is_text()) {
    context.error_at(entry->span, "wrong-type", fmt::format("\"{}\" is not a string", key), kShape);
  } else {
    return entry;
  }
  return nullptr;
}

bool check_keys(BindContext& context, const OptionValue& table, std::string_view option) {
  bool good = true;
  for (const auto& [key, entry] : table.table()) {
    if (key == "routes" || key == "output") continue;
    context.error_at(entry.key_span, "unknown-option",
                     fmt::format("\"{}\" has no entry \"{}\"", option, key),
                     suggest(key, {"routes", "output"}));
    good = false;
  }
  return good;
}

}  // namespace

std::optional<RoutesFile> read_routes(BindContext& context, std::string_view option,
                                      const OptionValue& path) {
  const auto text = context.read_file(option, context.resolve(path.text()));
  if (!text) return std::nullopt;
  std::string problem;
  auto routes = parse_routes(*text, problem);
  if (!routes) {
    context.error_at(
        path.span, "bad-routes", fmt::format("routes file {}: {}", path.text(), problem),
        "a routes file is CSV with a header line and two fields a line: value, output");
    return std::nullopt;
  }
  return RoutesFile{std::move(*routes), path.text(), fingerprint(*text)};
}

std::optional<RoutedColumns> read_routed_columns(BindContext& context, std::string_view option) {
  const auto* value = context.options().raw(option);
  if (value == nullptr || !value->is_table()) {
    context.error(option, "wrong-type", fmt::format("\"{}\" is not a table", option), kShape);
    return std::nullopt;
  }
  const bool known = check_keys(context, *value, option);
  const auto* path = text_entry(context, *value, option, "routes");
  const auto* output = text_entry(context, *value, option, "output");
  if (!known || path == nullptr || output == nullptr) return std::nullopt;
  const auto file = read_routes(context, option, *path);
  if (!file) return std::nullopt;
  auto names = values_of(file->routes, output->text());
  if (names.empty()) {
    context.error_at(output->span, "unknown-output",
                     fmt::format("routes file {} has no output \"{}\"", file->path, output->text()),
                     suggest(output->text(), outputs_of(file->routes)));
    return std::nullopt;
  }
  std::vector<std::string> others;
  for (const auto& route : file->routes) {
    if (route.output != output->text()) others.push_back(route.value);
  }
  return RoutedColumns{std::move(names), std::move(others), output->text(), file->path, file->hash};
}

}  // namespace flowrun::nodes
