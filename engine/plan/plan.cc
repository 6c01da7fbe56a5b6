#include "engine/plan/plan.h"

#include "engine/spec/reject.h"

namespace flowrun {

const SchemaRef& PlanNode::output_schema(std::size_t port) const {
  return port < binding.outputs.size() ? binding.outputs[port].schema : reject_schema();
}

std::string PlanNode::port_name(std::size_t port) const {
  if (port >= binding.outputs.size()) return name + "." + std::string(kRejected);
  const auto& own = binding.outputs[port].name;
  return own.empty() ? name : name + "." + own;
}

}  // namespace flowrun
