#include "engine/spec/node_type.h"

#include <algorithm>
#include <utility>

#include "engine/core/error.h"

namespace flowrun {

const char* to_string(NodeKind kind) {
  switch (kind) {
    case NodeKind::source:
      return "source";
    case NodeKind::transform:
      return "transform";
    case NodeKind::sink:
      return "sink";
  }
  return "node";
}

Port unchanged_port(const SchemaRef& input, std::string name) {
  Port port{.name = std::move(name), .schema = input};
  for (std::size_t i = 0; i < input->size(); ++i) port.unchanged_from.emplace_back(i);
  return port;
}

void BindContext::error(std::string_view option, std::string code, std::string message,
                        std::string hint) {
  error_at(options().span(option), std::move(code), std::move(message), std::move(hint));
}

void BindContext::error_at(const SourceSpan& span, std::string code, std::string message,
                           std::string hint) {
  diagnostics().error(std::move(code), span, std::move(message), std::move(hint));
}

void BindContext::warning(std::string_view option, std::string code, std::string message,
                          std::string hint) {
  diagnostics().warning(std::move(code), options().span(option), std::move(message),
                        std::move(hint));
}

Registry::Registry(std::vector<NodeType> types) : types_(std::move(types)) {
  for (const auto& type : types_) {
    const auto same = std::count_if(types_.begin(), types_.end(), [&](const NodeType& other) {
      return other.spec.kind == type.spec.kind && other.spec.name == type.spec.name;
    });
    if (same != 1) bug("two node types are called \"{}\"", type.spec.name);
  }
}

const NodeType* Registry::find(NodeKind kind, std::string_view name) const {
  const auto found = std::find_if(types_.begin(), types_.end(), [&](const NodeType& type) {
    return type.spec.kind == kind && type.spec.name == name;
  });
  return found == types_.end() ? nullptr : &*found;
}

std::vector<std::string> Registry::names(NodeKind kind) const {
  std::vector<std::string> names;
  for (const auto& type : types_) {
    if (type.spec.kind == kind) names.push_back(type.spec.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace flowrun
