// Runs one instance of a plan under its lease: coverage, rounds, attempts, report.
#pragma once

#include <memory>

#include "engine/run/attempt.h"
#include "engine/run/instance_inputs.h"
#include "engine/run/runner.h"

namespace flowrun {

/// A sink object and its context for every sink of the instance; null sinks in dry runs.
struct InstanceSinks {
  std::vector<std::unique_ptr<Sink>> sinks;
  std::vector<SinkContext> contexts;
  std::vector<CoveredSink> covered;  ///< with what the targets say
};
[[nodiscard]] InstanceSinks make_sinks(const Plan& plan, const InstancePlan& instance,
                                       const RunOptions& options, const RunServices& services,
                                       SharedObjects& shared);

/// The windows that a source that reads ranges has to read: requested minus covered by every sink.
[[nodiscard]] std::vector<Interval> windows_to_read(const WindowSpec& window,
                                                    const CoveragePlan& coverage);

/// What each source reads in the coverage plan's round.
[[nodiscard]] std::vector<SourceWork> work_of(const InstancePlan& instance,
                                              const InstanceInputs& inputs,
                                              const CoveragePlan& coverage);

/// Runs the instance; never throws.
[[nodiscard]] RunReport run_instance(const Plan& plan, const InstancePlan& instance,
                                     const RunOptions& options, const RunServices& services,
                                     Credits& credits);

/// Objects shared by name during one attempt.
class SharedByName final : public SharedObjects {
 public:
  std::shared_ptr<void> get(const std::string& name,
                            std::shared_ptr<void> (*make)(const std::string&)) override {
    const std::lock_guard lock(mutex_);
    auto& object = objects_[name];
    if (!object) object = make(name);
    return object;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<void>> objects_;
};

}  // namespace flowrun
