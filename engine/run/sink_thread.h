// A sink's own thread: everything a sink does but encoding happens there, so that blocking I/O
// never sits in a TBB body.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "engine/run/attempt_context.h"

namespace flowrun {

/// Runs the calls of one sink, in the order in which they were asked for. Any thread may ask.
class SinkThread {
 public:
  /// `on_staged` is called on the sink's thread when the sink holds all of a unit.
  SinkThread(AttemptContext& context, NodeBase& node, std::size_t number,
             std::unique_ptr<Sink> sink, std::function<void(OpenUnit&)> on_staged);
  ~SinkThread();
  SinkThread(const SinkThread&) = delete;
  SinkThread& operator=(const SinkThread&) = delete;

  [[nodiscard]] Sink& sink() { return *sink_; }
  [[nodiscard]] NodeBase& node() { return *node_; }
  [[nodiscard]] std::size_t number() const { return number_; }

  /// Stages rows; `lease` is given back when the sink has them.
  void write(OpenUnit& unit, std::unique_ptr<Encoded> rows, std::int64_t count,
             Credits::LeaseRef lease);
  /// Says that all of a unit's rows were handed over.
  void staged(OpenUnit& unit);

  /// The steps of a commit; each waits for the sink and throws what it throws.
  void write_now(OpenUnit& unit, BatchRef batch);
  void prepare(OpenUnit& unit, const Marker& marker, const Refuse& refuse);
  void commit(OpenUnit& unit);
  void abort(OpenUnit& unit);

  /// Runs `call` on the sink's thread and waits for it; throws what it throws.
  void run(const std::function<void()>& call);

  /// Aborts every unit that was begun and is not committed.
  void abort_all();

 private:
  void post(std::function<void()> job);
  void loop();
  void ensure_begun(OpenUnit& unit);
  void add_written(OpenUnit& unit, std::int64_t rows) const;

  AttemptContext* context_;
  NodeBase* node_;
  std::size_t number_;
  std::unique_ptr<Sink> sink_;
  std::function<void(OpenUnit&)> on_staged_;
  std::set<OpenUnit*> begun_;  ///< sink's thread only

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> jobs_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace flowrun
