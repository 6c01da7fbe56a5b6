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

Bottleneck find_bottleneck(const RunStats& stats, double wall_seconds, int threads) {
  // A source or sink has one thread of its own, a transform can use every worker: so the share of what it could
  // have used is comparable between them.
  Bottleneck found;
  double most = 0;
  for (const auto& node : stats.nodes) {
    const bool is_transform = node.kind == "transform";
    const double available = wall_seconds * 1e9 * (is_transform ? std::max(threads, 1) : 1);
    const double share = available > 0 ? static_cast<double>(node.busy_ns.load()) / available : 0;
    if (share <= most) continue;
    most = share;
    found.node = node.name;
    found.side = node.kind == "source" ? LimitedBy::source
                                       : (node.kind == "sink" ? LimitedBy::sink : LimitedBy::cpu);
  }
  return found;
}

}  // namespace flowrun
