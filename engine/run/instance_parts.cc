// What an instance reads and writes: inputs, sinks, windows; shared by runs and by their preview.
#include <algorithm>
#include <filesystem>

#include "engine/core/error.h"
#include "engine/run/instance_run.h"
#include "engine/run/silent_sink.h"

namespace flowrun {
namespace {

/// A sixteenth of the process's memory is for what sinks stage; what is more goes to disk.
constexpr std::int64_t kStagingShare = 16;
constexpr std::int64_t kLeastStaging = 1 << 20;

std::string spool_directory(const Plan& plan) {
  const std::string prefix = "sqlite:";
  if (plan.state_url.rfind(prefix, 0) == 0) {
    return std::filesystem::path(plan.state_url.substr(prefix.size())).parent_path().string();
  }
  // The journal is on a server; its opener makes this folder where it can.
  const auto beside = std::filesystem::path(plan.directory) / ".flowrun";
  std::error_code ignored;
  return (std::filesystem::is_directory(beside, ignored) ? beside
                                                         : std::filesystem::temp_directory_path())
      .string();
}

/// Whether only what lies in windows is asked of the source.
bool reads_by_ranges(const InstancePlan& instance, const Source& source) {
  return instance.window && instance.window->from && instance.window->until &&
         source.reads_ranges();
}

}  // namespace

InstanceInputs list_inputs(const InstancePlan& instance, const SourceContext& context,
                           const std::string& run) {
  InstanceInputs all;
  std::int64_t bytes = 0;
  for (const auto i : nodes_of(instance, NodeKind::source)) {
    const auto& node = instance.nodes[i];
    const auto source = node.binding.make_source();
    auto inputs = source->inputs(context);
    const bool by_ranges = reads_by_ranges(instance, *source) && inputs.size() == 1;
    std::vector<std::uint64_t> numbers;
    for (const auto& input : inputs) {
      numbers.push_back(all.names.size());
      all.names.push_back(input.name);
      // What is read by ranges is known by its windows: its content may change outside of them.
      const bool known = by_ranges || !input.fingerprint.empty();
      const auto key = node.name + ":" + input.name + (known ? "" : "@" + run);
      if (!all.set.emplace(key, known ? input.fingerprint : run).second) {
        throw Error(Errc::plan, "source \"{}\" reads {} twice", node.name, input.name);
      }
      bytes = input.bytes < 0 || bytes < 0 ? -1 : bytes + input.bytes;
    }
    all.by_source.push_back(std::move(inputs));
    all.numbers.push_back(std::move(numbers));
  }
  all.bytes = bytes;
  return all;
}

InstanceSinks make_sinks(const Plan& plan, const InstancePlan& instance, const RunOptions& options,
                         const RunServices& services, SharedObjects& shared) {
  InstanceSinks made;
  const auto numbers = nodes_of(instance, NodeKind::sink);
  const auto memory = std::max(
      plan.max_memory / kStagingShare / static_cast<std::int64_t>(numbers.size()), kLeastStaging);
  for (const auto i : numbers) {
    const auto& node = instance.nodes[i];
    const auto& facts = node.binding.sink;
    CoveredSink covered{.key = {.pipeline = plan.name,
                                .instance = instance.name,
                                .sink = node.name,
                                .target = facts.target},
                        .node = node.name,
                        .plan_hash = node.plan_hash,
                        .keeps = facts.keeps_coverage && !options.dry_run,
                        .idempotent = facts.idempotent};
    SinkContext context{
        .key = covered.key,
        .memory = memory,
        .spool_directory = spool_directory(plan),
        .coverage = services.journal == nullptr ? nullptr : &services.journal->coverage(),
        .shared = &shared,
        .log = services.log};
    const bool dry = options.dry_run && !options.own_sinks;
    made.sinks.push_back(dry ? std::make_unique<SilentSink>() : node.binding.make_sink());
    if (covered.keeps) covered.covered = made.sinks.back()->covered(context);
    made.contexts.push_back(std::move(context));
    made.covered.push_back(std::move(covered));
  }
  return made;
}

std::vector<Interval> windows_to_read(const WindowSpec& window, const CoveragePlan& coverage) {
  std::vector<Interval> windows;
  for (Micros start = window.from.value(); start < window.until.value(); start += window.every) {
    const Interval cell{start, std::min(start + window.every, *window.until)};
    bool needed = !coverage.has_coverage();
    for (std::size_t i = 0; i < coverage.sinks().size() && !needed; ++i) {
      needed = coverage.sinks()[i].keeps && !coverage.decide(i, UnitKind::window, cell, {}).skip;
    }
    if (needed) windows.push_back(cell);
  }
  return windows;
}

std::vector<SourceWork> work_of(const InstancePlan& instance, const InstanceInputs& inputs,
                                const CoveragePlan& coverage) {
  std::vector<SourceWork> works;
  const auto sources = nodes_of(instance, NodeKind::source);
  for (std::size_t number = 0; number < sources.size(); ++number) {
    const auto& node = instance.nodes[sources[number]];
    SourceWork work{.load = load_id(coverage.round())};
    for (std::size_t i = 0; i < inputs.by_source[number].size(); ++i) {
      const auto& input = inputs.by_source[number][i];
      const bool chosen =
          std::any_of(coverage.round().begin(), coverage.round().end(), [&](const auto& entry) {
            return entry.first.rfind(node.name + ":" + input.name, 0) == 0 &&
                   (entry.first.size() == node.name.size() + 1 + input.name.size() ||
                    input.fingerprint.empty());
          });
      if (!chosen) continue;
      work.inputs.push_back(input);
      work.numbers.push_back(inputs.numbers[number][i]);
    }
    work.ranges = reads_by_ranges(instance, *node.binding.make_source()) && work.inputs.size() == 1;
    if (work.ranges) work.windows = windows_to_read(*instance.window, coverage);
    works.push_back(std::move(work));
  }
  return works;
}

}  // namespace flowrun
