// What to change when an accumulator holds more than it may.
#pragma once

#include <cstdint>
#include <string>

#include "engine/run/attempt_context.h"

namespace flowrun {

/// What an accumulator holds, when it is too much.
struct HeldMemory {
  std::int64_t held = 0;  ///< by all that share the limit
  std::int64_t own = 0;   ///< of that, by this one
  std::int64_t limit = 0;
  std::size_t units = 0;  ///< open in this one
};

/// The message of a memory limit that was exceeded: what is held, and the lateness or window that
/// would fit, judged from how far out of order the rows were and how much each open unit holds.
[[nodiscard]] std::string memory_advice(const AttemptContext& context, const HeldMemory& memory);

/// The smallest duration at or above `span` that reads well: whole seconds, minutes, hours, days.
[[nodiscard]] Micros round_up(Micros span);
/// The largest duration at or below `span` that reads well and divides a day (or is whole days).
[[nodiscard]] Micros round_down(Micros span);

}  // namespace flowrun
