#include "engine/run/stages.h"

#include <oneapi/tbb/task_group.h>

#include <stop_token>

#include "engine/core/error.h"
#include "engine/run/memory_advice.h"

namespace flowrun {
namespace {

/// A flush does not run further ahead of those who take what it emits: they would hold it all, and
/// get the newest first.
constexpr std::int64_t kFlushAhead = 8 << 20;

/// Works on what others wait for until flushes are no longer far ahead, or the attempt is stopped.
/// The thread that flushes is one of the workers: if it slept instead, nobody might be left.
void help(AttemptContext& context) {
  tbb::task_group group;
  // Holds the group open without being run; who lets go of it first ends the wait.
  struct Gate {
    std::mutex mutex;
    tbb::task_handle open;
    void release() {
      const std::lock_guard lock(mutex);
      open = tbb::task_handle();
    }
  };
  const auto gate = std::make_shared<Gate>();
  gate->open = group.defer([] {});
  const std::stop_callback on_stop(context.failure.token(), [gate] { gate->release(); });
  context.credits->when_flushed(kFlushAhead, [gate] { gate->release(); });
  group.wait();
}

/// Sends what a flush emits at once, charging its bytes: an accumulator is drained batch by batch.
class FlushOutput final : public Output {
 public:
  FlushOutput(NodeBase& node, OpenUnit& unit) : node_(&node), unit_(&unit) {}

  void emit(std::size_t port, BatchRef batch) override {
    rows_ += batch->rows();
    if (node_->context().failure.stopped()) return;
    auto lease = node_->context().credits->charge(batch->bytes());
    since_rest_ += batch->bytes();
    node_->port(port).send(*unit_, std::move(batch), std::move(lease));
    if (since_rest_ < kFlushAhead) return;
    since_rest_ = 0;
    help(node_->context());
  }
  void reject(Reject reject) override { rejects.push_back(std::move(reject)); }
  void check(CheckResult result) override { checks.push_back(std::move(result)); }
  [[nodiscard]] std::int64_t emitted_rows() const { return rows_; }

  std::vector<Reject> rejects;
  std::vector<CheckResult> checks;

 private:
  NodeBase* node_;
  OpenUnit* unit_;
  std::int64_t rows_ = 0;
  std::int64_t since_rest_ = 0;
};

}  // namespace

Stage::Stage(tbb::flow::graph& graph, AttemptContext& context)
    : context_(&context), node_(graph, tbb::flow::unlimited, [this](const Message& message) {
        body(message);
        return tbb::flow::continue_msg();
      }) {}

void Stage::body(const Message& message) {
  context_->failure.guard(where(), [&] {
    if (context_->failure.stopped()) return;
    if (message.count < 0) work(message);
    if (inlet_.done(message)) finish(*message.unit);
  });
}

void TransformStage::open() {
  for (const auto& link : chain_) {
    link.node->context().failure.guard(link.node->where(),
                                       [&] { link.transform->open(*link.node->context().log); });
  }
}

void TransformStage::work(const Message& message) {
  apply(0, *message.unit, message.batch, message.lease);
}

void TransformStage::apply(std::size_t link, OpenUnit& unit, const BatchRef& batch,
                           const Credits::LeaseRef& lease) {
  auto& node = *chain_[link].node;
  if (!node.begin_body()) return;
  CollectedOutput out;
  {
    const Stopwatch watch(node.stats().busy_ns);
    chain_[link].transform->apply(batch, out);
  }
  node.account(unit, batch->rows(), out);
  node.route_rejects(unit, std::move(out.rejects), lease);
  const bool last = link + 1 == chain_.size();
  for (auto& [port, emitted] : out.emitted) {
    if (emitted->rows() == 0) continue;
    if (last) {
      node.port(port).send(unit, std::move(emitted), lease);
    } else {
      apply(link + 1, unit, emitted, lease);
    }
  }
}

void TransformStage::finish(OpenUnit& unit) {
  for (const auto& link : chain_) link.node->end_ports(unit);
}

AccumulatorState& AccumulatorStage::state_of(OpenUnit& unit) {
  const std::lock_guard lock(mutex_);
  auto& state = states_[unit.unit.index];
  if (!state) state = accumulator_->begin(unit.unit);
  return *state;
}

void AccumulatorStage::work(const Message& message) {
  if (!node_->begin_body()) return;
  CollectedOutput out;
  {
    const Stopwatch watch(node_->stats().busy_ns);
    state_of(*message.unit).add(message.batch, out);
  }
  node_->account(*message.unit, message.batch->rows(), out);
  node_->route_rejects(*message.unit, std::move(out.rejects), message.lease);
  for (auto& [port, emitted] : out.emitted) {
    if (emitted->rows() != 0)
      node_->port(port).send(*message.unit, std::move(emitted), message.lease);
  }
  check_memory();
}

std::int64_t AccumulatorStage::measure(std::size_t& units) {
  std::int64_t total = 0;
  {
    const std::lock_guard lock(mutex_);
    units = states_.size();
    for (const auto& [index, state] : states_) total += state->memory();
  }
  node_->stats().memory = total;
  auto peak = node_->stats().peak_memory.load();
  while (total > peak && !node_->stats().peak_memory.compare_exchange_weak(peak, total)) {
  }
  if (node_->plan().shares_memory) {
    const auto change = total - counted_.exchange(total);
    total = context_->shared_memory += change;
  }
  const bool is_short = total > node_->plan().memory / 2;
  if (is_short_.exchange(is_short) != is_short) context_->short_of_memory += is_short ? 1 : -1;
  return total;
}

void AccumulatorStage::check_memory() {
  std::size_t units = 0;
  const auto total = measure(units);
  if (total > node_->plan().memory) {
    const auto own = node_->stats().memory.load();
    throw Error(Errc::limit, memory_advice(*context_, {total, own, node_->plan().memory, units}));
  }
}

std::unique_ptr<AccumulatorState> AccumulatorStage::take_state(OpenUnit& unit) {
  {
    const std::lock_guard lock(mutex_);
    auto node = states_.extract(unit.unit.index);
    if (!node.empty()) return std::move(node.mapped());
  }
  return accumulator_->flushes_empty() && !unit.skip_all ? accumulator_->begin(unit.unit) : nullptr;
}

void AccumulatorStage::finish(OpenUnit& unit) {
  auto state = take_state(unit);
  if (state && node_->begin_body()) {
    FlushOutput out(*node_, unit);
    {
      const Stopwatch watch(node_->stats().busy_ns);
      state->finish(out);
    }
    auto& stats = node_->stats();
    if (out.emitted_rows() != out.made_rows()) {
      bug("a flush emitted {} rows and made {}", out.emitted_rows(), out.made_rows());
    }
    // A row that was absorbed may turn out bad only now: it then ends as rejected instead.
    const auto rejected = static_cast<std::int64_t>(out.rejects.size());
    if (out.absorbed_rows() + rejected != 0) {
      bug("a flush rejected {} rows and took {} back", rejected, -out.absorbed_rows());
    }
    stats.absorbed += out.absorbed_rows();
    stats.rejected += rejected;
    stats.made += out.made_rows();
    stats.out += out.emitted_rows();
    node_->keep_checks(unit, std::move(out.checks));
    node_->route_rejects(unit, std::move(out.rejects), nullptr);
    state.reset();
  }
  std::size_t units = 0;
  static_cast<void>(measure(units));
  node_->end_ports(unit);
}

void SinkStage::work(const Message& message) {
  if (!node_->begin_body()) return;
  auto& stats = node_->stats();
  const auto rows = message.batch->rows();
  stats.in += rows;
  if (message.unit->sinks[sink_number_].skip) {
    stats.skipped += rows;
    return;
  }
  std::unique_ptr<Encoded> encoded;
  {
    const Stopwatch watch(stats.busy_ns);
    encoded = thread_->sink().encode(message.batch);
  }
  ++stats.batches;
  thread_->write(*message.unit, std::move(encoded), rows, message.lease);
}

}  // namespace flowrun
