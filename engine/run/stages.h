// The nodes of the flow graph: fused chains of transforms, accumulators, and the way into a sink's
// thread.
#pragma once

#include <oneapi/tbb/flow_graph.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/run/attempt_context.h"
#include "engine/run/sink_thread.h"

namespace flowrun {

/// A node of the flow graph: an inlet that counts, and a guarded body with unlimited concurrency.
class Stage {
 public:
  Stage(tbb::flow::graph& graph, AttemptContext& context);
  virtual ~Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  /// Leads an edge from `port` here.
  void connect_from(OutPort& port) {
    port.connect(node_);
    inlet_.add_edge();
  }
  [[nodiscard]] const Inlet& inlet() const { return inlet_; }
  [[nodiscard]] virtual const std::string& where() const = 0;
  /// Gets its nodes ready before any source reads; may do I/O, so never called inside the graph.
  virtual void open() {}

 protected:
  /// Works on one batch and sends all that it causes.
  virtual void work(const Message& message) = 0;
  /// Ends a unit here: all of it was received.
  virtual void finish(OpenUnit& unit) = 0;

 private:
  void body(const Message& message);

  AttemptContext* context_;
  Inlet inlet_;
  tbb::flow::function_node<Message, tbb::flow::continue_msg> node_;
};

/// A chain of stateless transforms in one body; only the last one's main ports leave it.
class TransformStage final : public Stage {
 public:
  struct Link {
    NodeBase* node = nullptr;
    std::unique_ptr<Transform> transform;
  };
  TransformStage(tbb::flow::graph& graph, AttemptContext& context, std::vector<Link> chain)
      : Stage(graph, context), chain_(std::move(chain)) {}
  [[nodiscard]] const std::string& where() const override { return chain_.front().node->where(); }
  void open() override;

 private:
  void work(const Message& message) override;
  void finish(OpenUnit& unit) override;
  void apply(std::size_t link, OpenUnit& unit, const BatchRef& batch,
             const Credits::LeaseRef& lease);

  std::vector<Link> chain_;
};

/// An accumulator: absorbs a unit's batches, emits when the unit has ended.
class AccumulatorStage final : public Stage {
 public:
  AccumulatorStage(tbb::flow::graph& graph, AttemptContext& context, NodeBase& node,
                   std::unique_ptr<Accumulator> accumulator)
      : Stage(graph, context),
        node_(&node),
        context_(&context),
        accumulator_(std::move(accumulator)) {}
  [[nodiscard]] const std::string& where() const override { return node_->where(); }

 private:
  void work(const Message& message) override;
  void finish(OpenUnit& unit) override;
  [[nodiscard]] AccumulatorState& state_of(OpenUnit& unit);
  /// Takes the unit's state out, made anew for a unit without rows where that is wanted.
  [[nodiscard]] std::unique_ptr<AccumulatorState> take_state(OpenUnit& unit);
  void check_memory();
  /// Bytes kept now, and of how many units; notes them for progress and for the sources.
  [[nodiscard]] std::int64_t measure(std::size_t& units);

  NodeBase* node_;
  AttemptContext* context_;
  std::unique_ptr<Accumulator> accumulator_;
  std::atomic<bool> is_short_{false};     ///< more than half full
  std::atomic<std::int64_t> counted_{0};  ///< its part of what is shared
  std::mutex mutex_;
  std::map<std::uint32_t, std::unique_ptr<AccumulatorState>> states_;
};

/// Encodes batches for a sink and hands them to the sink's thread.
class SinkStage final : public Stage {
 public:
  SinkStage(tbb::flow::graph& graph, AttemptContext& context, NodeBase& node,
            std::size_t sink_number, SinkThread& thread)
      : Stage(graph, context), node_(&node), sink_number_(sink_number), thread_(&thread) {}
  [[nodiscard]] const std::string& where() const override { return node_->where(); }

 private:
  void work(const Message& message) override;
  void finish(OpenUnit& unit) override {
    thread_->staged(unit);
    // What the sink refuses is handed over when the unit commits; its port only says when the unit
    // has ended.
    node_->end_ports(unit);
  }

  NodeBase* node_;
  std::size_t sink_number_;
  SinkThread* thread_;
};

}  // namespace flowrun
