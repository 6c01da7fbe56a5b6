// [window]: which rows a window is.
#pragma once

#include <optional>

#include "engine/plan/plan.h"
#include "engine/plan/variables.h"

namespace flowrun {

/// [window] as far as it can be known without the sources' schemas.
struct WindowDraft {
  WindowSpec spec;
  SourceSpan column_span;
  SourceSpan every_span;
  /// Bounds that were written with a zone, with the zone's offset from UTC: wrong for a naive
  /// column.
  std::vector<SourceSpan> zoned_bounds;
};

/// Resolves [window]; bounds on the command line count instead of those in the file. Nothing after
/// a diagnostic.
[[nodiscard]] std::optional<WindowDraft> resolve_window(const OptionValue& section,
                                                        const PlanOptions& options, Micros now,
                                                        Interpolator& variables,
                                                        Diagnostics& diagnostics);

/// Checks the window column of one source; `node` is how messages call it. False after a
/// diagnostic.
[[nodiscard]] bool check_window_column(const WindowDraft& window, const Schema& schema,
                                       const std::string& node, Diagnostics& diagnostics);

}  // namespace flowrun
