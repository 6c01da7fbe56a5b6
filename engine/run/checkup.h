// Looks whether everything that a pipeline needs is there, without running or changing anything.
#pragma once

#include <string>
#include <vector>

#include "engine/plan/plan.h"
#include "engine/run/runner.h"

namespace flowrun {

/// One thing that was looked at.
struct Finding {
  enum class Level { ok, note, failed };
  Level level = Level::ok;
  std::string what;  ///< "source readings", "disk"
  std::string text;  ///< what was found, or what is wrong
};

/// Asks every source what there is to read and every sink what its target holds and would be done
/// to it, one by one, so that one that is away does not hide the next. `services.journal` may be
/// null where there is none yet.
[[nodiscard]] std::vector<Finding> check_instance(const Plan& plan, const InstancePlan& instance,
                                                  const RunServices& services);

}  // namespace flowrun
