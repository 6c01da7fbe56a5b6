// What the sources of an instance can read.
#pragma once

#include <string>
#include <vector>

#include "engine/plan/plan.h"

namespace flowrun {

/// What all sources of an instance can read, numbered for ordinals.
struct InstanceInputs {
  std::vector<std::vector<Input>> by_source;
  std::vector<std::vector<std::uint64_t>> numbers;
  std::vector<std::string> names;  ///< by number
  InputSet set;                    ///< "node:input" -> fingerprint
  std::int64_t bytes = -1;         ///< of all inputs; -1 where one is not known
};

/// Lists the inputs of every source. `run` stands in for the fingerprint of what has none. Throws
/// Error.
[[nodiscard]] InstanceInputs list_inputs(const InstancePlan& instance, const SourceContext& context,
                                         const std::string& run);

}  // namespace flowrun
