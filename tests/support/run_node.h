// Runs one node on literal batches, without a graph.
#pragma once

#include <cstddef>
#include <vector>

#include "tests/support/batches.h"
#include "tests/support/bind_fake.h"

namespace flowrun::testing {

/// Binds and applies a transform to batches. Throws std::runtime_error where binding reports
/// problems, or where the rows of a call do not add up.
[[nodiscard]] Collected transformed(BindFake& context, const std::vector<BatchRef>& batches);

/// Binds an accumulator, adds the batches from so many threads (thread t takes the batches t, t +
/// threads, …) and finishes it. What add() rejected stands in front of what finish() did. Throws as
/// above.
[[nodiscard]] Collected accumulated(BindFake& context, const std::vector<BatchRef>& batches,
                                    std::size_t threads = 1, const Unit& unit = {});

}  // namespace flowrun::testing
