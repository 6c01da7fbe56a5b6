#include "engine/observe/stats.h"

#include <algorithm>

namespace flowrun {

const char* to_string(LimitedBy side) {
  switch (side) {
    case LimitedBy::source:
      return "source";
    case LimitedBy::cpu:
      return "cpu";
    case LimitedBy::sink:
      return "sink";
    case LimitedBy::unknown:
      return "unknown";
  }
  return "unknown";
}

double busy_share(const NodeStats& node, double wall_seconds, int threads) {
  if (wall_seconds <= 0) return 0;
  const auto share = [&](const std::atomic<std::int64_t>& nanoseconds, int of_threads) {
    return static_cast<double>(nanoseconds.load()) / (wall_seconds * 1e9 * std::max(of_threads, 1));
  };
  const double work = share(node.busy_ns, node.kind == "sink" ? 1 : threads);
  return std::min(1.0, std::max(work, share(node.read_ns, 1)));
}

Bottleneck find_bottleneck(const RunStats& stats, double wall_seconds, int threads) {
  Bottleneck found;
  double most = 0;
  for (const auto& node : stats.nodes) {
    const double share = busy_share(node, wall_seconds, threads);
    if (share <= most) continue;
    most = share;
    found.node = node.name;
    found.side = node.kind == "source" ? LimitedBy::source
                                       : (node.kind == "sink" ? LimitedBy::sink : LimitedBy::cpu);
  }
  return found;
}

}  // namespace flowrun
