// `cursor = { column = …, … }` of a source (windows.md 21).
#pragma once

#include <string>

#include "engine/plan/plan.h"

namespace flowrun {

/// Checks the table `written` against the columns of the source's rows; nothing after a diagnostic.
/// `node` is how messages call the source; `has_window`: the pipeline has a [window], which a
/// cursor cannot go with.
[[nodiscard]] std::optional<CursorSpec> resolve_cursor(const OptionValue& written,
                                                       const Schema& schema,
                                                       const std::string& node, bool has_window,
                                                       Micros now, Diagnostics& diagnostics);

/// Reports sources without a cursor beside sources of the same side with one: a load is a range of
/// the cursors, and what is outside of them would be read again by every load.
void check_cursors(const InstancePlan& plan, Diagnostics& diagnostics);

}  // namespace flowrun
