#include "engine/plan/wiring.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>

namespace flowrun {
namespace {

class Wirer {
 public:
  Wirer(std::vector<NodeDraft>& nodes, Diagnostics& diagnostics)
      : nodes_(nodes), diagnostics_(diagnostics) {
    wiring_.maybe_used.assign(nodes.size(), false);
  }

  Wiring wire() {
    for (auto& node : nodes_) {
      for (auto& input : node.inputs) resolve(node, input);
    }
    sort();
    if (wiring_.order.size() != nodes_.size()) report_cycles();
    return std::move(wiring_);
  }

 private:
  std::optional<std::size_t> find(const std::string& name) const {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].decl->name == name) return i;
    }
    return std::nullopt;
  }

  void resolve(NodeDraft& node, InputRef& input) {
    input.upstream = find(input.node);
    if (!input.upstream) {
      std::vector<std::string> names;
      for (const auto& other : nodes_) {
        if (other.decl->kind != NodeKind::sink && &other != &node)
          names.push_back(other.decl->name);
      }
      if (const auto meant = closest(input.node, names)) wiring_.maybe_used[*find(*meant)] = true;
      diagnostics_.error("unknown-node", input.span,
                         fmt::format("{}: there is no node \"{}\"", node.decl->shown(), input.node),
                         suggest(input.node, names));
      node.has_bad_input = true;
    } else if (nodes_[*input.upstream].decl->kind == NodeKind::sink && input.port != kRejected) {
      diagnostics_.error(
          "unknown-port", input.span,
          fmt::format("{}: sink \"{}\" has no output but its rejects", node.decl->shown(),
                      input.node),
          fmt::format("write \"{}.{}\", or take the input of that sink", input.node, kRejected));
      node.has_bad_input = true;
      input.upstream.reset();
    }
  }

  /// Kahn's algorithm; among nodes that are ready, the one that stands first in the file goes
  /// first.
  void sort() {
    std::vector<std::size_t> waiting(nodes_.size(), 0);
    std::vector<std::vector<std::size_t>> followers(nodes_.size());
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      for (const auto& input : nodes_[i].inputs) {
        if (!input.upstream) continue;
        ++waiting[i];
        followers[*input.upstream].push_back(i);
      }
      if (waiting[i] == 0) ready.push(i);
    }
    while (!ready.empty()) {
      const auto node = ready.top();
      ready.pop();
      wiring_.order.push_back(node);
      for (const auto follower : followers[node]) {
        if (--waiting[follower] == 0) ready.push(follower);
      }
    }
  }

  /// Walks against the edges from every node that could not be ordered; each cycle is reported
  /// once.
  void report_cycles() {
    state_.assign(nodes_.size(), State::unseen);
    for (const auto node : wiring_.order) state_[node] = State::done;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (state_[i] == State::unseen) walk(i);
    }
  }

  void walk(std::size_t node) {
    state_[node] = State::open;
    path_.push_back(node);
    for (const auto& input : nodes_[node].inputs) {
      if (!input.upstream) continue;
      if (state_[*input.upstream] == State::open) report_cycle(*input.upstream);
      if (state_[*input.upstream] == State::unseen) walk(*input.upstream);
    }
    path_.pop_back();
    state_[node] = State::done;
  }

  void report_cycle(std::size_t start) {
    std::vector<std::size_t> cycle(std::find(path_.begin(), path_.end(), start), path_.end());
    std::reverse(cycle.begin(), cycle.end());  // the path was walked against the edges
    std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
    std::string chain;
    for (const auto node : cycle) chain += nodes_[node].decl->name + " -> ";
    const auto& first = nodes_[cycle.front()];
    const auto& last = cycle.back();
    const auto closing =
        std::find_if(first.inputs.begin(), first.inputs.end(),
                     [&](const InputRef& input) { return input.upstream == last; });
    diagnostics_.error("cycle", closing->span,
                       fmt::format("the inputs form a circle: {}{}", chain, first.decl->name),
                       "rows could never leave it; take one of these inputs from elsewhere");
  }

  enum class State { unseen, open, done };
  std::vector<NodeDraft>& nodes_;
  Diagnostics& diagnostics_;
  Wiring wiring_;
  std::vector<State> state_;
  std::vector<std::size_t> path_;
};

}  // namespace

Wiring wire(std::vector<NodeDraft>& nodes, Diagnostics& diagnostics) {
  return Wirer(nodes, diagnostics).wire();
}

}  // namespace flowrun
