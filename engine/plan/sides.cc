#include "engine/plan/sides.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

namespace flowrun {
namespace {

class SideFinder {
 public:
  SideFinder(const std::vector<NodeDraft>& drafts, InstancePlan& plan, Diagnostics& diagnostics)
      : drafts_(drafts), plan_(plan), diagnostics_(diagnostics), side_(drafts.size()) {}

  void find() {
    connect();
    bool waits = false;
    bool good = true;
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      for (const auto& ref : drafts_[i].after) {
        waits = true;
        good = resolve(i, ref) && good;
      }
    }
    if (!waits) {
      plan_.sides.emplace_back(plan_.nodes.size());
      std::iota(plan_.sides.front().begin(), plan_.sides.front().end(), std::size_t{0});
    } else if (good) {
      put_in_order();
    }
  }

 private:
  /// Gives every draft the least index of those that it is connected with.
  void connect() {
    std::iota(side_.begin(), side_.end(), std::size_t{0});
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      for (const auto& input : drafts_[i].inputs) {
        if (!input.upstream) continue;
        const auto [keep, gone] = std::minmax(side_[i], side_[*input.upstream]);
        std::replace(side_.begin(), side_.end(), std::size_t{gone}, std::size_t{keep});
      }
    }
  }

  bool resolve(std::size_t waiting, const AfterRef& ref) {
    const auto& draft = drafts_[waiting];
    const auto sink = std::find_if(drafts_.begin(), drafts_.end(), [&](const NodeDraft& other) {
      return other.decl->kind == NodeKind::sink && other.decl->name == ref.sink;
    });
    if (sink == drafts_.end()) {
      report_unknown(draft, ref);
      return false;
    }
    const auto index = static_cast<std::size_t>(sink - drafts_.begin());
    if (side_[index] == side_[waiting]) {
      report_own_side(waiting, index, ref);
      return false;
    }
    waits_.emplace_back(side_[waiting], side_[index]);
    auto* node = planned(draft.decl->name);
    const auto* target = planned(ref.sink);
    if (node != nullptr && target != nullptr) {
      node->after.push_back(static_cast<std::size_t>(target - plan_.nodes.data()));
    }
    return true;
  }

  PlanNode* planned(const std::string& name) {
    const auto found = std::find_if(plan_.nodes.begin(), plan_.nodes.end(),
                                    [&](const PlanNode& node) { return node.name == name; });
    return found == plan_.nodes.end() ? nullptr : &*found;
  }

  void report_unknown(const NodeDraft& draft, const AfterRef& ref) {
    std::vector<std::string> sinks;
    for (const auto& other : drafts_) {
      if (other.decl->kind == NodeKind::sink) sinks.push_back(other.decl->name);
    }
    diagnostics_.error(
        "unknown-node", ref.span,
        fmt::format("{}: option \"after\": there is no sink \"{}\"", draft.decl->shown(), ref.sink),
        suggest(ref.sink, sinks));
  }

  void report_own_side(std::size_t waiting, std::size_t sink, const AfterRef& ref) {
    const auto behind = sources_of(waiting);
    const auto feeding = sources_of(sink);
    std::vector<std::size_t> both;
    std::set_intersection(behind.begin(), behind.end(), feeding.begin(), feeding.end(),
                          std::back_inserter(both));
    const auto& shown = drafts_[waiting].decl->shown();
    if (both.empty()) {
      diagnostics_.error(
          "waits-for-itself", ref.span,
          fmt::format("{}: it waits for sink \"{}\", and other nodes connect the two", shown,
                      ref.sink),
          "give each side nodes of its own, and a sink of rejects of its own");
      return;
    }
    diagnostics_.error("waits-for-itself", ref.span,
                       fmt::format("{}: it waits for sink \"{}\", and source \"{}\" feeds both",
                                   shown, ref.sink, drafts_[both.front()].decl->name),
                       "rows that wait would keep the source from going on; read it by a source "
                       "of its own on each side");
  }

  /// The sources that a draft's rows come from, by index.
  std::set<std::size_t> sources_of(std::size_t draft) const {
    std::set<std::size_t> seen;
    std::set<std::size_t> sources;
    std::vector<std::size_t> todo{draft};
    while (!todo.empty()) {
      const auto at = todo.back();
      todo.pop_back();
      if (!seen.insert(at).second) continue;
      if (drafts_[at].decl->kind == NodeKind::source) sources.insert(at);
      for (const auto& input : drafts_[at].inputs) {
        if (input.upstream) todo.push_back(*input.upstream);
      }
    }
    return sources;
  }

  /// Sides in an order in which none waits for a later one; ties by position in the file.
  void put_in_order() {
    std::set<std::size_t> left(side_.begin(), side_.end());
    while (!left.empty()) {
      const auto free = std::find_if(left.begin(), left.end(), [&](std::size_t side) {
        return std::none_of(waits_.begin(), waits_.end(), [&](const auto& wait) {
          return wait.first == side && left.contains(wait.second);
        });
      });
      if (free == left.end()) return report_circle(left);
      auto& members = plan_.sides.emplace_back();
      for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
        if (side_of(plan_.nodes[i].name) == *free) members.push_back(i);
      }
      left.erase(free);
    }
  }

  std::size_t side_of(const std::string& name) const {
    const auto draft = std::find_if(drafts_.begin(), drafts_.end(),
                                    [&](const NodeDraft& each) { return each.decl->name == name; });
    return side_[static_cast<std::size_t>(draft - drafts_.begin())];
  }

  void report_circle(const std::set<std::size_t>& left) {
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      if (drafts_[i].after.empty() || !left.contains(side_[i])) continue;
      const auto& ref = drafts_[i].after.front();
      diagnostics_.error("cycle", ref.span,
                         fmt::format("{}: it waits for sink \"{}\", which waits for it in turn",
                                     drafts_[i].decl->shown(), ref.sink),
                         "take one \"after\" out of the circle");
      return;
    }
  }

  const std::vector<NodeDraft>& drafts_;
  InstancePlan& plan_;
  Diagnostics& diagnostics_;
  std::vector<std::size_t> side_;                           ///< by draft
  std::vector<std::pair<std::size_t, std::size_t>> waits_;  ///< the first for the second
};

}  // namespace

void find_sides(const std::vector<NodeDraft>& drafts, InstancePlan& plan,
                Diagnostics& diagnostics) {
  SideFinder(drafts, plan, diagnostics).find();
}

}  // namespace flowrun
