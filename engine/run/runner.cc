#include "engine/run/runner.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "engine/run/bounds.h"
#include "engine/run/cursor_loads.h"
#include "engine/run/instance_run.h"
#include "engine/run/sides.h"

namespace flowrun {
namespace {

/// Enough to keep every worker busy; more would only wait in memory where a sink is slow.
constexpr std::int64_t kInFlightPerThread = 4 << 20;
constexpr std::int64_t kLeastInFlight = 16 << 20;

/// Exit codes by rank: the worst one of several instances is the process's.
constexpr int kInternal = 70;
constexpr int kLeaseHeld = 75;
constexpr int kInterrupted = 130;

void preview_side(const Plan& plan, InstancePlan side, const RunOptions& options,
                  const RunServices& services, PlannedInstance& planned) {
  SharedByName shared;
  auto sinks = make_sinks(plan, side, options, services, shared);
  resolve_bounds(side, plan.name, sinks.covered, services.journal, false);
  for (std::size_t i = 0; i < sinks.sinks.size(); ++i) {
    planned.sinks.push_back({.sink = sinks.covered[i].node,
                             .target = sinks.covered[i].key.target,
                             .steps = sinks.sinks[i]->steps(sinks.contexts[i]),
                             .covered = sinks.covered[i].covered});
  }
  const SourceContext context{
      .fingerprints = services.journal == nullptr ? nullptr : &services.journal->fingerprints(),
      .log = services.log};
  const auto inputs = list_inputs(side, context, "this run");
  CoveragePlan coverage(sinks.covered, side.window.has_value(), options.full);
  if (side.window) coverage.set_revisit(side.window->revisit, plan.now);
  CursorLoads cursors(side, services.journal, plan.name, "this run", options.full);
  if (cursors.active()) {
    if (!cursors.next(inputs, coverage)) return;
    planned.up_to_date = false;
    for (const auto& [name, print] : inputs.set) planned.inputs.push_back(name);
    for (auto& line : cursors.shown()) planned.units.push_back(std::move(line));
    return;
  }
  const auto round = coverage.next_round(inputs.set);
  if (!round) return;
  planned.up_to_date = false;
  const auto fresh = coverage.new_inputs();
  for (const auto& [name, print] : *round) {
    const bool is_new = std::find(fresh.begin(), fresh.end(), name) != fresh.end();
    planned.inputs.push_back(name + (is_new ? " (new)" : ""));
  }
  bool ranges = false;
  for (const auto& work : work_of(side, inputs, coverage)) {
    for (const auto& window : work.windows) {
      ranges = true;
      planned.units.push_back(format_timestamp(window.from) + ".." +
                              format_timestamp(window.until));
    }
  }
  if (ranges) return;
  planned.units.push_back(side.window ? "windows as rows appear, every " +
                                            format_duration(side.window->every)
                                      : "load " + load_id(*round).substr(0, 12));
}

}  // namespace

int exit_code(const RunReport& report) {
  if (!report.code) return 0;
  switch (*report.code) {
    case Errc::internal:
      return kInternal;
    case Errc::lease:
      return kLeaseHeld;
    case Errc::cancelled:
      return kInterrupted;
    case Errc::usage:
    case Errc::plan:
      return 2;
    case Errc::check:
      return 3;
    case Errc::data:
    case Errc::io:
    case Errc::limit:
      return 1;
  }
  return kInternal;
}

std::vector<RunReport> run_plan(const Plan& plan, const RunOptions& options,
                                const RunServices& services) {
  const auto wanted = std::max(kLeastInFlight, kInFlightPerThread * worker_threads(options));
  Credits credits(std::min(plan.credit_budget(), wanted));
  std::vector<RunReport> reports(plan.instances.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < plan.instances.size(); i = next++) {
      reports[i] = run_instance(plan, plan.instances[i], options, services, credits);
    }
  };
  const auto side_by_side = std::min<std::size_t>(
      static_cast<std::size_t>(std::max(plan.parallel, 1)), plan.instances.size());
  if (side_by_side <= 1) {
    work();
    return reports;
  }
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < side_by_side; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  return reports;
}

PlannedInstance preview_run(const Plan& plan, const InstancePlan& instance,
                            const RunOptions& options, const RunServices& services) {
  PlannedInstance planned{.instance = instance.name, .up_to_date = true};
  for (const auto& node : instance.nodes) {
    for (const auto& note : node.binding.notes) planned.notes.push_back(node.name + ": " + note);
  }
  for (auto& side : sides_of(instance)) {
    preview_side(plan, std::move(side), options, services, planned);
  }
  return planned;
}

}  // namespace flowrun
