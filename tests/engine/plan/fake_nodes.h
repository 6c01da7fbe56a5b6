// Small node types for tests of the planner: enough to wire, bind and hash, not to run.
#pragma once

#include "engine/plan/plan.h"

namespace flowrun::testing {

/// Sources: table (path, columns, one option of every kind), stream (secret url, rows without
/// order). Transforms: pass, split (key, routes), wide (an accumulator with declared columns),
/// latest (an accumulator that needs an order), merge (several inputs), look (scans its input and
/// freezes what it saw). Sinks: store (a database table), file, null.
[[nodiscard]] const Registry& fake_registry();

}  // namespace flowrun::testing
