// The JSON Schema of pipeline files, for editors.
#pragma once

#include <string>

#include "engine/spec/node_type.h"

namespace flowrun {

/// A JSON Schema (draft 7) made from the same option tables that the planner checks files against.
[[nodiscard]] std::string json_schema(const Registry& registry);

}  // namespace flowrun
