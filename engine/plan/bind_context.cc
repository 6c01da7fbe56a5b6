#include "engine/plan/bind_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "engine/core/error.h"
#include "engine/plan/source_position.h"

namespace flowrun {

std::string NodeBindContext::resolve(std::string_view path) const {
  return resolve_path(shared_.file.directory, path);
}

std::optional<std::string> NodeBindContext::read_file(std::string_view option,
                                                      const std::string& path) {
  const auto whole = resolve(path);
  std::string reason;
  const auto& text = shared_.side_files.read(whole, reason);
  if (text) return text;
  const auto name = std::filesystem::path(whole).filename().string();
  std::string hint = "a relative path starts at the folder of the pipeline file";
  if (const auto meant = closest(name, files_beside(whole)); meant && *meant != name) {
    hint = fmt::format("did you mean \"{}\"?", *meant);
  }
  error(option, "cannot-read", fmt::format("cannot read \"{}\": {}", path, reason),
        std::move(hint));
  return std::nullopt;
}

const std::string& NodeBindContext::window_column() const {
  static const std::string none;
  return instance_.window ? instance_.window->column : none;
}

std::vector<bool> NodeBindContext::sparse() const {
  std::vector<bool> any(inputs_.empty() ? 0 : inputs_.front()->size(), false);
  for (const auto& edge : edges_) {
    const auto& outputs = instance_.nodes[edge.node].binding.outputs;
    if (edge.port >= outputs.size()) continue;  // a reject says nothing of its row's nulls
    const auto& sparse = outputs[edge.port].sparse;
    for (std::size_t i = 0; i < std::min(any.size(), sparse.size()); ++i) {
      any[i] = any[i] || sparse[i];
    }
  }
  return any;
}

std::string NodeBindContext::frozen_key(const std::string& name) const {
  return fmt::format("{}/{}/{}", instance_.name, draft_.decl->name, name);
}

std::optional<std::string> NodeBindContext::frozen(const std::string& name) const {
  const auto& services = shared_.services;
  const auto found = services.frozen.find(frozen_key(name));
  if (found != services.frozen.end()) return found->second;
  if (!shared_.loaded) {
    shared_.loaded.emplace();
    if (services.load_frozen)
      *shared_.loaded = services.load_frozen(shared_.state_url, shared_.file.name);
  }
  const auto loaded = shared_.loaded->find(frozen_key(name));
  if (loaded == shared_.loaded->end()) return std::nullopt;
  return loaded->second;
}

void NodeBindContext::freeze(const std::string& name, const std::string& value) {
  shared_.frozen[frozen_key(name)] = value;
}

SourceSpan NodeBindContext::inside(const OptionValue& value, std::size_t offset,
                                   std::size_t length) const {
  return span_inside(value.span, offset, length);
}

bool NodeBindContext::scan_input(std::optional<std::int64_t> rows,
                                 const std::function<void(const Batch&)>& visit) {
  if (!may_scan_) {  // something is wrong already, and that was reported
    refused_scan_ = true;
    return false;
  }
  if (!shared_.services.scan) {
    error_at(draft_.decl->span, "cannot-scan",
             "its input would have to be read to plan it, which cannot be done here",
             "write down what it would look for");
    return false;
  }
  try {
    for (const auto& edge : edges_) shared_.services.scan(instance_, edge, rows, visit);
  } catch (const Error& problem) {
    if (problem.code() == Errc::internal || problem.code() == Errc::cancelled) throw;
    error_at(draft_.decl->span, "cannot-scan",
             fmt::format("cannot read its input to plan it: {}", problem.what()));
    return false;
  }
  return true;
}

}  // namespace flowrun
