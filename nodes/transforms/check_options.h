// The option `rules` of a check.
#pragma once

#include <memory>
#include <string>

#include "engine/spec/node_type.h"
#include "nodes/transforms/check_rules.h"

namespace flowrun::nodes {

/// What the rules say. Those with a mistake are reported and left out. `content_hash` becomes a
/// fingerprint of the files that they refer to.
[[nodiscard]] std::shared_ptr<const CheckPlan> read_check_rules(BindContext& context,
                                                                std::string& content_hash);

}  // namespace flowrun::nodes
