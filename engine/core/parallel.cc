#include "engine/core/parallel.h"

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

namespace flowrun {

void parallel(std::size_t count, const std::function<void(std::size_t)>& piece) {
  if (count == 0) return;
  if (count == 1) return piece(0);
  tbb::this_task_arena::isolate([&] {
    // Of its own: where what surrounds it is cancelled, pieces would be left out without a word.
    tbb::task_group_context context(tbb::task_group_context::isolated);
    tbb::parallel_for(
        std::size_t{0}, count, [&](std::size_t i) { piece(i); }, tbb::simple_partitioner(),
        context);
  });
}

}  // namespace flowrun
