// Arithmetic on coverage: what every keeper of it does alike.
#pragma once

#include <vector>

#include "engine/spec/unit.h"

namespace flowrun {

/// Windows in order of time, those that touch and have equal plan hash, inputs and generation
/// merged into one: rows add up, epoch, run and moment are those of the newest. Loads and unplaced
/// rows follow as they were.
[[nodiscard]] std::vector<Coverage> merge_coverage(std::vector<Coverage> entries);

/// True where the entry stands for the unit of `coverage`, or for part of it: windows that overlap,
/// the same id else.
[[nodiscard]] bool overlaps(const Coverage& entry, const Coverage& coverage);

}  // namespace flowrun
