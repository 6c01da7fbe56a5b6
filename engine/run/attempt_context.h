// What the nodes of one attempt share.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/observe/stats.h"
#include "engine/plan/plan.h"
#include "engine/run/credits.h"
#include "engine/run/failure.h"
#include "engine/run/ports.h"
#include "engine/run/runner.h"
#include "engine/run/unit_board.h"

namespace flowrun {

/// Shared by every node of one attempt's graph; outlives them.
struct AttemptContext {
  const InstancePlan* instance = nullptr;
  const RunOptions* options = nullptr;
  Failure failure;
  Credits* credits = nullptr;
  UnitBoard* board = nullptr;
  std::vector<std::string> input_names;  ///< by input number: what origins call them
  Log* log = nullptr;
  std::string run;
  std::atomic<std::int64_t> shared_memory{0};  ///< bytes kept by accumulators that share a limit
  std::atomic<int> short_of_memory{0};         ///< accumulators that are more than half full
  std::function<Micros()> disorder;  ///< how far rows of one input were out of order so far

  /// "path:line" of a row, or "" where its input is not known.
  [[nodiscard]] std::string origin(std::uint64_t ordinal) const {
    const auto input = Ordinals::input_of(ordinal);
    if (input >= input_names.size()) return {};
    const auto row = ordinal & ((std::uint64_t{1} << Ordinals::kRowBits) - 1);
    return input_names[input] + ":" + std::to_string(row);
  }
};

/// Adds the time of its life to a counter.
class Stopwatch {
 public:
  explicit Stopwatch(std::atomic<std::int64_t>& nanoseconds) : nanoseconds_(nanoseconds) {}
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() {
    nanoseconds_ += std::chrono::duration_cast<std::chrono::nanoseconds>(
                        std::chrono::steady_clock::now() - started_)
                        .count();
  }

 private:
  std::atomic<std::int64_t>& nanoseconds_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

/// What a node made of one call: kept until the call returned, so that a failing call has sent
/// nothing.
class CollectedOutput final : public Output {
 public:
  void emit(std::size_t port, BatchRef batch) override {
    rows_ += batch->rows();
    emitted.emplace_back(port, std::move(batch));
  }
  void reject(Reject reject) override { rejects.push_back(std::move(reject)); }
  void check(CheckResult result) override { checks.push_back(std::move(result)); }
  [[nodiscard]] std::int64_t emitted_rows() const { return rows_; }

  std::vector<std::pair<std::size_t, BatchRef>> emitted;
  std::vector<Reject> rejects;
  std::vector<CheckResult> checks;

 private:
  std::int64_t rows_ = 0;
};

/// One plan node inside an attempt: its ports, its numbers, and what is common to all kinds of
/// nodes.
class NodeBase {
 public:
  NodeBase(AttemptContext& context, std::size_t number, NodeStats& stats, tbb::flow::graph& graph);
  NodeBase(const NodeBase&) = delete;
  NodeBase& operator=(const NodeBase&) = delete;

  [[nodiscard]] const PlanNode& plan() const { return context_->instance->nodes[number_]; }
  [[nodiscard]] std::size_t number() const { return number_; }
  [[nodiscard]] OutPort& port(std::size_t i) { return *ports_[i]; }
  [[nodiscard]] OutPort& rejected() { return *ports_.back(); }
  [[nodiscard]] std::size_t port_count() const { return ports_.size(); }
  [[nodiscard]] NodeStats& stats() { return *stats_; }
  /// "node \"wide\" (pivot)", for errors.
  [[nodiscard]] const std::string& where() const { return where_; }
  [[nodiscard]] AttemptContext& context() { return *context_; }

  /// Called first in every body: planted jitter, and false where the attempt is being stopped.
  [[nodiscard]] bool begin_body();

  /// Checks the balance of a call and adds it to the numbers: in = passed + absorbed + filtered +
  /// rejected.
  void account(OpenUnit& unit, std::int64_t rows_in, const CollectedOutput& out);

  /// Sends rejects out of the rejected port, or keeps them for the journal where no sink takes
  /// them.
  void route_rejects(OpenUnit& unit, std::vector<Reject> rejects, const Credits::LeaseRef& lease);

  /// Keeps what the node's rules say of the unit until it is judged.
  void keep_checks(OpenUnit& unit, std::vector<CheckResult> results);

  /// Sends the end markers of every port.
  void end_ports(OpenUnit& unit);

 private:
  /// Ends the run at the first reject that nothing takes, unless the pipeline says that some may
  /// be.
  void fail_where_asked(OpenUnit& unit) const;

  AttemptContext* context_;
  std::size_t number_;
  NodeStats* stats_;
  std::string where_;
  std::vector<std::unique_ptr<OutPort>> ports_;  ///< the node's own, then `rejected`
};

}  // namespace flowrun
