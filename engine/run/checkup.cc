#include "engine/run/checkup.h"

#include <fmt/format.h>

#include <functional>

#include "engine/core/error.h"
#include "engine/observe/numbers.h"
#include "engine/run/instance_run.h"

namespace flowrun {
namespace {

using Level = Finding::Level;

/// What `look` found, or how it failed.
Finding looked(const std::string& what, const std::function<std::string()>& look) {
  try {
    return {.level = Level::ok, .what = what, .text = look()};
  } catch (const Error& error) {
    return {.level = Level::failed, .what = what, .text = error.what()};
  }
}

std::string inputs_of(const PlanNode& node, const RunServices& services) {
  const auto inputs = node.binding.make_source()->inputs({.log = services.log});
  std::int64_t bytes = 0;
  for (const auto& input : inputs) bytes += std::max<std::int64_t>(input.bytes, 0);
  if (inputs.size() == 1 && inputs.front().bytes < 0) return inputs.front().name;
  return fmt::format("{}, {}", counted(static_cast<std::int64_t>(inputs.size()), "input"),
                     format_size(bytes));
}

std::string target_of(Sink& sink, const SinkContext& context) {
  const auto covered = sink.covered(context);
  std::string text = context.key.target;
  for (const auto& step : sink.steps(context)) text += "; a run would: " + step.text;
  if (!covered.empty()) text += "; loaded before";
  return text;
}

}  // namespace

std::vector<Finding> check_instance(const Plan& plan, const InstancePlan& instance,
                                    const RunServices& services) {
  std::vector<Finding> findings;
  const auto prefix = instance.name.empty() ? "" : instance.name + ": ";
  for (const auto& node : instance.nodes) {
    if (node.kind != NodeKind::source) continue;
    findings.push_back(
        looked(prefix + "source " + node.name, [&] { return inputs_of(node, services); }));
  }
  SharedByName shared;
  RunOptions dry;
  dry.dry_run = true;
  dry.own_sinks = true;  // made, but not asked yet
  auto sinks = make_sinks(plan, instance, dry, services, shared);
  for (std::size_t i = 0; i < sinks.sinks.size(); ++i) {
    findings.push_back(looked(prefix + "sink " + sinks.covered[i].node,
                              [&] { return target_of(*sinks.sinks[i], sinks.contexts[i]); }));
  }
  return findings;
}

}  // namespace flowrun
