#include "engine/run/sides.h"

#include <map>

namespace flowrun {

std::vector<InstancePlan> sides_of(const InstancePlan& instance) {
  if (instance.sides.size() < 2) return {instance};
  std::vector<InstancePlan> sides;
  for (const auto& members : instance.sides) {
    auto& side = sides.emplace_back();
    side.name = instance.name;
    side.values = instance.values;
    side.window = instance.window;
    std::map<std::size_t, std::size_t> place;
    for (const auto member : members) {
      place.emplace(member, side.nodes.size());
      auto& node = side.nodes.emplace_back(instance.nodes[member]);
      node.after.clear();
      for (auto& from : node.inputs) from.node = place.at(from.node);
    }
  }
  return sides;
}

}  // namespace flowrun
