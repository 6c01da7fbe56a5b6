// Live numbers of a run: written by the engine's threads, read by progress views at any time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "engine/core/time.h"

namespace flowrun {

/// Counters of one node. Rows: each input row ends once (passed, absorbed, filtered, rejected,
/// skipped); out = passed + made. Sources count what they read as `in`. Times add up over threads,
/// in nanoseconds.
struct NodeStats {
  std::string name;
  std::string type;  ///< "csv"
  std::string kind;  ///< "source", "transform", "sink"
  std::atomic<std::int64_t> in{0};
  std::atomic<std::int64_t> out{0};
  std::atomic<std::int64_t> passed{0};
  std::atomic<std::int64_t> absorbed{0};
  std::atomic<std::int64_t> filtered{0};
  std::atomic<std::int64_t> rejected{0};
  std::atomic<std::int64_t> skipped{0};
  std::atomic<std::int64_t> made{0};
  std::atomic<std::int64_t> batches{0};
  std::atomic<std::int64_t> bytes{0};    ///< sources: input bytes read
  std::atomic<std::int64_t> busy_ns{0};  ///< working; sources: decoding
  std::atomic<std::int64_t> read_ns{0};  ///< sources: reading, on their own thread
  std::atomic<std::int64_t> blocked_ns{
      0};  ///< sources: waiting for credit; sinks: waiting for their turn
  std::atomic<std::int64_t> memory{0};  ///< accumulators: bytes kept now
  std::atomic<std::int64_t> peak_memory{0};
};

/// The numbers of one instance's run.
class RunStats {
 public:
  std::deque<NodeStats>
      nodes;  ///< in plan order; filled before the run starts, never resized after
  std::atomic<std::int64_t> input_bytes{-1};  ///< all there is to read; -1 where unknown
  std::atomic<std::int64_t> read_bytes{0};
  std::atomic<std::int64_t> units_opened{0};
  std::atomic<std::int64_t> units_committed{0};
  std::atomic<std::int64_t> units_total{-1};   ///< known for sources that read ranges; -1 else
  std::atomic<std::int64_t> units_covered{0};  ///< needed no work
  std::atomic<std::int64_t> rows_read{0};
  std::atomic<std::int64_t> credit_used{0};      ///< bytes in flight
  std::atomic<std::int64_t> failed_attempts{0};  ///< whose rows are in the counts, too
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

/// How much of the time that it could have had a node was at work, 0 to 1: of one thread for a sink
/// and for a source that reads, of every worker for a transform and for a source that decodes (the
/// greater of the two).
[[nodiscard]] double busy_share(const NodeStats& node, double wall_seconds, int threads);

/// Which side limits a run.
enum class LimitedBy { unknown, source, cpu, sink };
[[nodiscard]] const char* to_string(LimitedBy side);

/// The node that was busiest relative to what it could be, and the side it stands for.
struct Bottleneck {
  std::string node;
  LimitedBy side = LimitedBy::unknown;
};
[[nodiscard]] Bottleneck find_bottleneck(const RunStats& stats, double wall_seconds, int threads);

}  // namespace flowrun
