#include "engine/plan/plan_hash.h"

#include "engine/core/hash.h"

namespace flowrun {
namespace {

/// Collects texts, each with its length, so that no two lists of texts look alike.
class HashText {
 public:
  void add(std::string_view text) {
    text_ += std::to_string(text.size());
    text_ += ':';
    text_ += text;
  }
  [[nodiscard]] std::string digest() const { return fingerprint(text_); }

 private:
  std::string text_;
};

void add_inputs(HashText& text, const InstancePlan& plan, const PlanNode& node,
                const std::vector<std::string>& inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto& from = node.inputs[i];
    const auto& outputs = plan.nodes[from.node].binding.outputs;
    text.add(inputs[i]);
    text.add(from.port < outputs.size() ? std::string_view(outputs[from.port].name) : kRejected);
  }
}

}  // namespace

std::string hash_node(const InstancePlan& plan, const PlanNode& node,
                      const std::vector<std::pair<std::string, std::string>>& options,
                      const std::vector<std::string>& inputs) {
  HashText text;
  text.add(std::to_string(kPlanHashVersion));
  text.add(to_string(node.kind));
  text.add(node.type->spec.name);
  for (const auto& [name, value] : options) {
    text.add(name);
    text.add(value);
  }
  text.add(node.binding.content_hash);
  if (node.cursor) {
    // What is a load, not how much of it: a wider lag makes no other rows of it.
    text.add("cursor");
    text.add(std::to_string(node.cursor->column));
    for (const auto column : node.cursor->per) text.add(std::to_string(column));
  }
  add_inputs(text, plan, node, inputs);
  return text.digest();
}

std::string hash_sink(const InstancePlan& plan, const PlanNode& node,
                      const std::vector<std::string>& inputs) {
  HashText text;
  text.add(std::to_string(kPlanHashVersion));
  text.add(node.type->spec.name);
  text.add(node.binding.sink.mode);
  for (const auto& column : node.binding.sink.key) text.add(column);
  text.add(node.binding.content_hash);
  if (plan.window) {
    text.add(plan.window->column);
    text.add(std::to_string(plan.window->every));
    text.add(std::to_string(plan.window->align));
  }
  add_inputs(text, plan, node, inputs);
  return text.digest();
}

}  // namespace flowrun
