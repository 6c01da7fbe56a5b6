// Messages, and the two ends of an edge: the port that sends and counts, the inlet that receives
// and counts.
#pragma once

#include <oneapi/tbb/flow_graph.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/data/batch.h"
#include "engine/run/credits.h"
#include "engine/run/unit_board.h"

namespace flowrun {

/// What travels along an edge: a batch with the credit for its bytes, or (count >= 0) the end
/// marker of a unit, which says how many batches were sent. Copied per hop: three pointers and two
/// numbers.
struct Message {
  OpenUnit* unit = nullptr;
  BatchRef batch;
  Credits::LeaseRef lease;
  std::int64_t count = -1;
};

/// An output port of a node: broadcasts to every edge and counts what it sends per unit. Any
/// thread.
class OutPort {
 public:
  using Drop = std::function<bool()>;
  OutPort(tbb::flow::graph& graph, Drop drop) : broadcast_(graph), drop_(std::move(drop)) {}

  void send(OpenUnit& unit, BatchRef batch, Credits::LeaseRef lease) {
    {
      const std::lock_guard lock(mutex_);
      ++sent_[unit.unit.index];
    }
    if (drop_ && drop_()) return;  // a planted fault: sent and counted, but lost
    broadcast_.try_put({&unit, std::move(batch), std::move(lease), -1});
  }
  /// Sends the end marker of a unit with the number of batches sent.
  void end(OpenUnit& unit) {
    std::int64_t count = 0;
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = sent_.find(unit.unit.index); found != sent_.end()) {
        count = found->second;
        sent_.erase(found);
      }
    }
    broadcast_.try_put({&unit, nullptr, nullptr, count});
  }
  void connect(tbb::flow::receiver<Message>& inlet) {
    tbb::flow::make_edge(broadcast_, inlet);
    connected_ = true;
  }
  [[nodiscard]] bool connected() const { return connected_; }

 private:
  tbb::flow::broadcast_node<Message> broadcast_;
  Drop drop_;
  bool connected_ = false;
  std::mutex mutex_;
  std::map<std::uint32_t, std::int64_t> sent_;
};

/// Counts what a node received of each unit, over all its in-edges. Any thread.
class Inlet {
 public:
  /// One more edge leads here; before the graph runs.
  void add_edge() { ++edges_; }
  [[nodiscard]] int edges() const { return edges_; }

  /// Says that a message is done with (a batch was worked on, all it caused was sent). True exactly
  /// once per unit: when every edge has ended and every batch was received; then the unit can be
  /// finished here.
  [[nodiscard]] bool done(const Message& message) {
    const std::lock_guard lock(mutex_);
    auto& progress = units_[message.unit->unit.index];
    if (message.count >= 0) {
      ++progress.ends;
      progress.expected += message.count;
    } else {
      ++progress.received;
    }
    if (progress.ends < edges_ || progress.received != progress.expected) return false;
    units_.erase(message.unit->unit.index);
    ++finished_;
    return true;
  }
  /// Units that were begun here and are not complete.
  [[nodiscard]] std::size_t unfinished() const {
    const std::lock_guard lock(mutex_);
    return units_.size();
  }
  [[nodiscard]] std::size_t finished() const {
    const std::lock_guard lock(mutex_);
    return finished_;
  }

 private:
  struct Progress {
    std::int64_t received = 0;
    std::int64_t expected = 0;
    int ends = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::uint32_t, Progress> units_;
  std::size_t finished_ = 0;
  int edges_ = 0;
};

}  // namespace flowrun
