// Drives one source: reads on a thread of its own, decodes on every core, and sends rows to their
// windows in order.
#pragma once

#include <oneapi/tbb/flow_graph.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "engine/run/attempt_context.h"
#include "engine/run/cursor_filter.h"
#include "engine/run/placement.h"

namespace flowrun {

/// Lets at most `limit` windows of range-reading sources be open at once.
class WindowGate {
 public:
  explicit WindowGate(std::int64_t limit) : limit_(limit) {}
  /// Waits for a place; false when asked to stop.
  [[nodiscard]] bool enter(std::stop_token stop);
  void leave();

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::int64_t limit_;
  std::int64_t open_ = 0;
};

/// What a driver reads.
struct SourceWork {
  std::vector<Input> inputs;           ///< of this round
  std::vector<std::uint64_t> numbers;  ///< their numbers in ordinals
  std::vector<Interval> windows;       ///< sources that read ranges: these, in order
  bool ranges = false;
  std::string load;                   ///< id of the load where there is no [window]
  std::optional<CursorRange> cursor;  ///< sources with a cursor: only these rows
};

/// One input of a source while it is read.
struct InputState {
  Input input;
  std::uint64_t number = 0;
  std::unique_ptr<Reader> reader;
  bool read_all = false;        ///< the thread has read its end
  bool done = false;            ///< its end was processed
  Micros position = INT64_MIN;  ///< its first time when not opened, then the greatest seen
  Micros reached = INT64_MIN;   ///< the greatest time processed
};

/// A piece of input on its way from the reading thread through decoding into its order. Without a
/// chunk it says that the input, the window or (neither named) the whole source ends here.
struct SourcePiece {
  std::uint64_t seq = 0;
  InputState* input = nullptr;
  Reader* reader = nullptr;
  std::shared_ptr<Reader> keep;  ///< ranges: the reader lives as long as its pieces
  std::shared_ptr<Chunk> chunk;
  Credits::LeaseRef lease;
  std::optional<Micros> window;  ///< ranges: the window that ends here
};

/// Reads once-only inputs side by side, the one furthest behind in event time first (windows.md 6),
/// or ranges one after the other; decodes pieces in parallel and then, in the order in which they
/// were read, judges late rows, opens units, sends batches and moves the frontier.
class SourceDriver {
 public:
  SourceDriver(AttemptContext& context, NodeBase& node, std::size_t number, tbb::flow::graph& graph,
               std::unique_ptr<Source> source, SourceWork work, Micros now, RunStats& stats,
               WindowGate& gate);
  ~SourceDriver();
  SourceDriver(const SourceDriver&) = delete;
  SourceDriver& operator=(const SourceDriver&) = delete;

  /// Looks at the first row of every input where that helps; before start().
  void peek();
  /// The least event time that input `name` can still bring: its first row's less the lateness;
  /// INT64_MIN where unknown.
  [[nodiscard]] Micros first_possible(const std::string& name) const;
  /// Starts reading.
  void start();
  void join();

  /// The greatest step back in time that was seen within one input.
  [[nodiscard]] Micros disorder() const;
  [[nodiscard]] NodeBase& node() { return *node_; }
  /// Null for sources without a cursor. To be asked once everything was read.
  [[nodiscard]] const CursorFilter* cursor() const { return cursor_.get(); }

 private:
  struct Decoded {
    SourcePiece piece;
    std::vector<PlacedBatch> batches;
    std::vector<Reject> rejects;
  };

  void read_once();
  void read_ranges();
  [[nodiscard]] bool read_piece(InputState& input, Reader& reader,
                                const std::shared_ptr<Reader>& keep);
  void put(SourcePiece piece);
  [[nodiscard]] InputState* furthest_behind();
  [[nodiscard]] ReadRequest request() const;
  void load_again(const Interval& range, const std::string& why);
  /// Reads no further ahead of accumulators that are short of memory.
  void wait_for_memory();
  [[nodiscard]] bool enough() const;

  void decode(const SourcePiece& piece);
  void in_order(Decoded decoded);
  void process(Decoded& decoded);
  void send_batch(InputState& input, PlacedBatch placed, const Credits::LeaseRef& lease);
  /// Takes the rows out that are not of the load; null where none is.
  [[nodiscard]] BatchRef beyond_cursor(const BatchRef& batch, const Credits::LeaseRef& lease);
  void send(OpenUnit& unit, const BatchRef& batch, const Credits::LeaseRef& lease);
  void reject_late(const PlacedBatch& placed, const std::vector<std::uint32_t>& late,
                   const Credits::LeaseRef& lease);
  /// True where a run before this one has told of whatever is wrong with the inputs.
  [[nodiscard]] bool knows_rejects() const { return cursor_ && cursor_->knows_rejects(); }
  /// Sends rejects of rows that are counted as read already.
  void send_counted(OpenUnit& unit, std::vector<Reject> rejects, const Credits::LeaseRef& lease);
  void send_rejects(std::vector<Reject> rejects, const Credits::LeaseRef& lease);
  [[nodiscard]] OpenUnit& unplaced_unit();
  void limit_rows(Decoded& decoded);
  void advance();
  void end();

  AttemptContext* context_;
  NodeBase* node_;
  std::size_t number_;
  std::unique_ptr<Source> source_;
  SourceWork work_;
  Micros now_;
  RunStats* stats_;
  WindowGate* gate_;
  const WindowSpec* window_ = nullptr;
  std::size_t time_column_ = 0;
  std::unique_ptr<CursorFilter> cursor_;
  int credit_ = -1;
  std::int64_t least_memory_ = INT64_MAX;  ///< of the accumulators of this attempt

  tbb::flow::graph* graph_;
  tbb::flow::function_node<SourcePiece, tbb::flow::continue_msg> decoder_;
  std::vector<std::unique_ptr<InputState>> inputs_;
  std::uint64_t next_read_ = 0;

  mutable std::mutex order_mutex_;  ///< guards positions and what follows
  std::map<std::uint64_t, Decoded> waiting_;
  std::uint64_t next_processed_ = 0;
  bool processing_ = false;
  Micros disorder_ = 0;
  std::int64_t rows_sent_ = 0;
  std::atomic<bool> enough_{false};
  std::thread thread_;
};

}  // namespace flowrun
