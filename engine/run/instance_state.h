// What targets and journal know of an instance, for people.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/run/runner.h"
#include "engine/state/cursor_state.h"

namespace flowrun {

/// A sink that keeps coverage, as its target tells.
struct SinkState {
  std::string sink;
  std::string target;
  std::string plan_hash;  ///< of the plan as it is now
  std::vector<Coverage> covered;
  /// End of the first stretch of windows without a gap; absent where there is none.
  std::optional<Micros> watermark;
  std::int64_t loads = 0;
  std::int64_t rows = 0;
};

struct InstanceState {
  std::string instance;
  std::vector<SinkState> sinks;
  std::map<std::string, CursorState> cursors;  ///< by source
  std::optional<Micros> watermark;  ///< the least over the sinks; absent where one has none
};

/// Asks every target and the journal (null: there is none yet). Touches nothing. Throws Error.
[[nodiscard]] InstanceState state_of(const Plan& plan, const InstancePlan& instance,
                                     const RunServices& services);

/// Where targets and journal disagree with each other or with the plan, a line each, with what to
/// do; empty where all is well. Looks at the units of the latest `runs` runs.
[[nodiscard]] std::vector<std::string> verify_state(const Plan& plan, const InstanceState& state,
                                                    Journal* journal, std::int64_t runs = 1000);

}  // namespace flowrun
