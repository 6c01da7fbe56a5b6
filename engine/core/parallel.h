// Work cut into pieces, on the threads that are there anyway.
#pragma once

#include <cstddef>
#include <functional>

namespace flowrun {

/// Calls `piece(i)` for every i below `count`, on the calling thread and on those of the arena it
/// works in that are idle, in no particular order; returns when all are done. The calling thread
/// does no other work meanwhile, so a lock may be held, as long as no piece wants it. Throws what a
/// piece throws (one of several); pieces that were not begun by then are left out. Any thread.
void parallel(std::size_t count, const std::function<void(std::size_t)>& piece);

}  // namespace flowrun
