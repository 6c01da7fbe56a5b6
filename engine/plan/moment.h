// Moments as people write them: RFC 3339, or relative to now.
#pragma once

#include <optional>
#include <string_view>

#include "engine/core/time.h"

namespace flowrun {

struct Moment {
  Micros at = 0;                 ///< UTC; where no zone was written, the reading itself
  std::optional<Micros> offset;  ///< of the zone, where one was written
  bool relative = false;         ///< depends on now
};

/// Parses "2026-01-01", "2026-01-01T00:00:00Z", "now", "today", "now - 365d", "today - 1d + 6h";
/// nothing where it is none of these. `now` is what "now" means; "today" is its midnight, UTC.
[[nodiscard]] std::optional<Moment> parse_moment(std::string_view text, Micros now);

/// What may be written, for messages.
inline constexpr std::string_view kMomentForms =
    "write a moment as \"2026-01-31T00:00:00Z\", \"2026-01-31\", \"now - 7d\" or \"today - 1d\"";

}  // namespace flowrun
