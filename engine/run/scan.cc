// Runs what is upstream of an edge on this thread and shows what arrives: for previews and for
// looks at plan time.
#include <algorithm>
#include <map>

#include "engine/core/error.h"
#include "engine/run/attempt_context.h"
#include "engine/run/runner.h"

namespace flowrun {
namespace {

/// Pushes batches through the nodes upstream of one edge, depth first.
class Scan {
 public:
  Scan(const InstancePlan& instance, EdgeFrom from, std::optional<std::int64_t> rows,
       const std::function<void(const Batch&)>& visit,
       const std::function<void(const Reject&)>& reject)
      : instance_(&instance), from_(from), left_(rows), visit_(&visit), reject_(&reject) {
    mark(from.node);
  }
  void run();

 private:
  void mark(std::size_t node);
  void read(std::size_t node);
  void give(std::size_t node, CollectedOutput& out);
  void push(std::size_t node, const BatchRef& batch);
  void show(const BatchRef& batch);
  [[nodiscard]] bool enough() const { return left_ && *left_ <= 0; }

  const InstancePlan* instance_;
  EdgeFrom from_;
  std::optional<std::int64_t> left_;
  const std::function<void(const Batch&)>* visit_;
  const std::function<void(const Reject&)>* reject_;
  std::map<std::size_t, bool> upstream_;
  std::map<std::size_t, std::unique_ptr<Transform>> transforms_;
  std::map<std::size_t, std::unique_ptr<AccumulatorState>> states_;
};

void Scan::mark(std::size_t node) {
  if (!upstream_.emplace(node, true).second) return;
  for (const auto& input : instance_->nodes[node].inputs) mark(input.node);
}

void Scan::run() {
  Log quiet;
  for (const auto& [node, used] : upstream_) {
    if (instance_->nodes[node].kind == NodeKind::source) read(node);
  }
  // Nodes are numbered in topological order, and so are the map's keys.
  for (const auto& [node, used] : upstream_) {
    const auto state = states_.find(node);
    if (state == states_.end()) continue;
    CollectedOutput out;
    state->second->finish(out);
    give(node, out);
  }
}

void Scan::read(std::size_t node) {
  Log quiet;
  const auto source = instance_->nodes[node].binding.make_source();
  std::uint64_t number = 0;
  for (const auto& input : source->inputs({.fingerprints = nullptr, .log = &quiet})) {
    const auto reader = source->open(input, number++, nullptr);
    while (!enough()) {
      const auto chunk = reader->read({}, {});
      if (!chunk) break;
      CollectedOutput out;
      reader->decode(*chunk, {}, out);
      give(node, out);
    }
  }
}

void Scan::give(std::size_t node, CollectedOutput& out) {
  const auto& binding = instance_->nodes[node].binding;
  if (*reject_) {
    for (const auto& reject : out.rejects) (*reject_)(reject);
  }
  const auto rejected_port = binding.outputs.size();
  if (node == from_.node && from_.port == rejected_port && !out.rejects.empty()) {
    show(make_reject_batch(out.rejects, instance_->nodes[node].name, "", ""));
  }
  for (const auto& [port, batch] : out.emitted) {
    if (node == from_.node && port == from_.port) show(batch);
    if (node == from_.node) continue;
    for (const auto& [next, used] : upstream_) {
      for (const auto& input : instance_->nodes[next].inputs) {
        if (input.node == node && input.port == port) push(next, batch);
      }
    }
  }
}

void Scan::push(std::size_t node, const BatchRef& batch) {
  if (batch->rows() == 0 || enough()) return;
  const auto& plan = instance_->nodes[node];
  CollectedOutput out;
  if (plan.binding.make_accumulator) {
    auto& state = states_[node];
    if (!state) state = plan.binding.make_accumulator(plan.memory)->begin(Unit{});
    state->add(batch, out);
    if (state->memory() > plan.memory) {
      throw Error(Errc::limit,
                  "node \"{}\" holds more than its limit of {}; raise `memory` of this node",
                  plan.name, format_size(plan.memory));
    }
  } else {
    auto& transform = transforms_[node];
    if (!transform) {
      Log quiet;
      transform = plan.binding.make_transform();
      transform->open(quiet);
    }
    transform->apply(batch, out);
  }
  give(node, out);
}

void Scan::show(const BatchRef& batch) {
  if (enough()) return;
  const auto rows = left_ ? std::min(*left_, batch->rows()) : batch->rows();
  (*visit_)(*slice(*batch, 0, rows));
  if (left_) *left_ -= rows;
}

}  // namespace

void scan(const InstancePlan& instance, EdgeFrom from, std::optional<std::int64_t> rows,
          const std::function<void(const Batch&)>& visit,
          const std::function<void(const Reject&)>& reject) {
  Scan(instance, from, rows, visit, reject).run();
}

}  // namespace flowrun
