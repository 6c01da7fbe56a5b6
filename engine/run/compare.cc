#include "engine/run/compare.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/core/error.h"
#include "engine/run/bounds.h"
#include "engine/run/instance_run.h"

namespace flowrun {
namespace {

using Sums = std::map<UnitSums::Key, RowSum>;

/// What is known of a target, from all sinks that write it.
struct Gathered {
  const PlanNode* sink = nullptr;  ///< one of them: all read back alike
  SchemaRef schema;
  std::optional<WindowSpec> window;
  std::vector<std::string> sinks;
  std::vector<Interval> loaded;
  Sums source;
};

std::vector<Interval> windows_of(const CoveredSink& sink) {
  std::vector<Interval> windows;
  for (const auto& entry : sink.covered) {
    if (entry.kind == UnitKind::window) windows.push_back(entry.interval);
  }
  return windows;
}

/// The instance with bounds around what its sinks hold, inside those that were asked for.
InstancePlan bounded_instance(const InstancePlan& instance, const std::vector<CoveredSink>& sinks,
                              bool bounded) {
  auto copy = instance;
  if (!copy.window) return copy;
  auto& window = *copy.window;
  if (!bounded) window.from = window.until = std::nullopt;
  window.from_watermark = false;
  window.until_origin.clear();
  std::optional<Interval> all;
  for (const auto& sink : sinks) {
    for (const auto& each : windows_of(sink)) {
      if (!all) all = each;
      all = Interval{std::min(all->from, each.from), std::max(all->until, each.until)};
    }
  }
  if (!all) return copy;
  window.from = std::max(window.from.value_or(all->from), all->from);
  window.until = std::min(window.until.value_or(all->until), all->until);
  return copy;
}

/// Runs a plan of one instance whose sinks add up. Throws what ended it.
void run_dry(Plan plan, InstancePlan instance, RunOptions options, RunServices services) {
  plan.instances = {std::move(instance)};
  plan.parallel = 1;
  plan.log_folder.clear();
  options.dry_run = true;
  options.own_sinks = true;
  services.journal = nullptr;
  const auto reports = run_plan(plan, options, services);
  const auto& report = reports.front();
  if (report.code) throw Error(*report.code, report.message);
}

void add_source(const Plan& plan, const InstancePlan& instance, bool bounded,
                const RunOptions& options, const RunServices& services,
                std::map<std::string, Gathered>& targets) {
  SharedByName shared;
  const auto sinks = make_sinks(plan, instance, options, services, shared);
  auto copy = bounded_instance(instance, sinks.covered, bounded);
  std::map<std::string, std::shared_ptr<UnitSums>> sums;
  std::size_t number = 0;
  for (auto& node : copy.nodes) {
    if (node.kind != NodeKind::sink) continue;
    const auto& covered = sinks.covered[number++];
    auto sum = std::make_shared<UnitSums>();
    node.binding.make_sink = [sum] { return make_summing_sink(sum); };
    node.binding.sink.keeps_coverage = false;
    if (!covered.keeps || node.takes_rejects) continue;
    const auto& original = *std::find_if(instance.nodes.begin(), instance.nodes.end(),
                                         [&](const PlanNode& n) { return n.name == node.name; });
    auto& target = targets[covered.key.target];
    target.sink = &original;
    const auto from = original.inputs.front();
    target.schema = instance.nodes[from.node].output_schema(from.port);
    target.window = copy.window;
    target.sinks.push_back((instance.name.empty() ? "" : instance.name + ": ") + node.name);
    const auto windows = windows_of(covered);
    target.loaded.insert(target.loaded.end(), windows.begin(), windows.end());
    sums[covered.key.target] = std::move(sum);
  }
  if (copy.window && copy.window->from && copy.window->until &&
      *copy.window->from >= *copy.window->until) {
    return;  // nothing of what was asked for is loaded
  }
  run_dry(plan, std::move(copy), options, services);
  for (const auto& [name, sum] : sums) {
    for (const auto& [key, value] : sum->take()) targets[name].source[key] += value;
  }
}

Sums read_target(const Plan& plan, const Gathered& target, const RunOptions& options,
                 const RunServices& services) {
  InstancePlan instance;
  instance.window = target.window;
  PlanNode source{.name = "target", .kind = NodeKind::source, .type = target.sink->type};
  source.binding.outputs = {{.schema = target.schema}};
  source.binding.make_source = [&] {
    return target.sink->binding.make_target_source(target.schema);
  };
  source.limits.on_error = OnError::skip;  // a value that is not as it was written is a difference
  auto sums = std::make_shared<UnitSums>();
  PlanNode sink{.name = "sums", .kind = NodeKind::sink, .type = target.sink->type};
  sink.inputs = {{.node = 0, .port = 0}};
  sink.binding.sink.keeps_coverage = false;
  sink.binding.make_sink = [sums] { return make_summing_sink(sums); };
  instance.nodes = {std::move(source), std::move(sink)};
  if (instance.window) instance.window->lateness = std::nullopt;  // tables have no order
  run_dry(plan, std::move(instance), options, services);
  return sums->take();
}

std::string shown(const UnitSums::Key& key, const std::optional<WindowSpec>& window) {
  if (key.first) return window ? "rows without a time" : "all";
  return format_timestamptz(key.second) + ".." + format_timestamptz(key.second + window->every);
}

bool is_loaded(const Gathered& target, const UnitSums::Key& key) {
  if (key.first || !target.window) return true;
  return std::any_of(target.loaded.begin(), target.loaded.end(), [&](const Interval& each) {
    return each.from <= key.second && key.second < each.until;
  });
}

ComparedTarget compared(const std::string& name, const Gathered& target, const Sums& held) {
  ComparedTarget result{.target = name, .sinks = target.sinks};
  std::map<UnitSums::Key, ComparedUnit> units;
  for (const auto& [key, sum] : target.source) units[key].source = sum;
  for (const auto& [key, sum] : held) units[key].target = sum;
  for (auto& [key, unit] : units) {
    if (!is_loaded(target, key)) continue;
    unit.unit = shown(key, target.window);
    result.units.push_back(std::move(unit));
  }
  return result;
}

}  // namespace

std::vector<ComparedTarget> compare_plan(const Plan& plan, bool bounded, const RunOptions& options,
                                         const RunServices& services) {
  std::map<std::string, Gathered> targets;
  for (const auto& instance : plan.instances) {
    add_source(plan, instance, bounded, options, services, targets);
  }
  std::vector<ComparedTarget> results;
  for (const auto& [name, target] : targets) {
    if (!target.sink->binding.make_target_source) {
      results.push_back({.target = name,
                         .sinks = target.sinks,
                         .skipped = "what a " + target.sink->type->spec.name +
                                    " sink wrote cannot be read back"});
      continue;
    }
    results.push_back(compared(name, target, read_target(plan, target, options, services)));
  }
  return results;
}

}  // namespace flowrun
