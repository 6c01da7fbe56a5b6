// What the targets of an instance, taken together, say of a unit: what repairing a journal needs.
#pragma once

#include <optional>
#include <vector>

#include "engine/state/journal.h"

namespace flowrun {

/// The reason of runs that a journal has from their targets.
inline constexpr const char* kKnownFromTargets = "known from its targets only";

/// True where every target holds the whole unit in this generation or a later one.
[[nodiscard]] bool all_hold(const std::vector<TargetCoverage>& targets, const Coverage& unit);
/// The greatest epoch that any of them has seen.
[[nodiscard]] std::int64_t newest_epoch(const std::vector<TargetCoverage>& targets);

/// True where the run of an entry would be removed at once for its age.
[[nodiscard]] bool is_outlived(const Coverage& entry, std::optional<Micros> retention, Micros now);

/// How far a run's windows are committed without a hole: the end of the journalled windows that
/// touch one another from the first on. Where the run ended well there is no hole (stretches
/// without rows have no window), and it is the end of the last one.
[[nodiscard]] std::optional<Micros> watermark_of(std::vector<UnitRecord> units, RunState state);

}  // namespace flowrun
