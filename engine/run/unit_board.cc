#include "engine/run/unit_board.h"

#include <algorithm>
#include <utility>

namespace flowrun {

OpenUnit& UnitBoard::window(Micros start) {
  const auto found = windows_.find(start);
  if (found != windows_.end()) return *found->second;
  Unit unit{.kind = UnitKind::window,
            .interval = {start, std::min(start + config_.every, config_.until)},
            .id = format_timestamp(start)};
  auto& state = open(std::move(unit));
  windows_.emplace(start, &state);
  enlist(state);
  return state;
}

OpenUnit& UnitBoard::other(UnitKind kind, const std::string& id) {
  const auto found = others_.find(id);
  if (found != others_.end()) return *found->second;
  auto& state = open({.kind = kind, .id = id});
  others_.emplace(id, &state);
  enlist(state);
  return state;
}

OpenUnit& UnitBoard::open(Unit unit) {
  auto state = std::make_unique<OpenUnit>();
  unit.index = static_cast<std::uint32_t>(units_.size());
  unit.epoch = config_.epoch;
  unit.attempt = config_.attempt;
  unit.run = config_.run;
  state->ended.resize(config_.sources);
  const auto& sinks = config_.coverage->sinks();
  state->written.resize(sinks.size());
  bool all_skip = config_.coverage->has_coverage();
  int writing = 0;
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    state->sinks.push_back(config_.coverage->decide(i, unit.kind, unit.interval, unit.id));
    const auto& part = state->sinks.back();
    if (sinks[i].keeps) all_skip = all_skip && part.skip;
    if (sinks[i].keeps && !part.skip) unit.generation = std::max(unit.generation, part.generation);
    ++writing;
  }
  state->skip_all = all_skip;
  state->sinks_pending = writing;
  state->unit = std::move(unit);
  units_.push_back(std::move(state));
  if (on_open) on_open(*units_.back());
  return *units_.back();
}

void UnitBoard::enlist(OpenUnit& state) {
  const bool window = state.unit.kind == UnitKind::window;
  if (window) {
    open_windows_.emplace(state.unit.interval.from, &state);
  } else {
    open_others_.emplace(state.unit.id, &state);
  }
  for (std::size_t source = 0; source < config_.sources; ++source) {
    auto& reached = reached_[source];
    if (past(reached, state)) {
      state.ended[source] = true;
      on_end(source, state);
    } else if (window) {
      reached.windows.emplace(state.unit.interval.from, &state);
    } else {
      reached.others.push_back(&state);
    }
  }
}

bool UnitBoard::past(const Reached& reached, const OpenUnit& state) {
  if (reached.all) return true;
  return state.unit.kind == UnitKind::window && (state.unit.interval.until <= reached.frontier ||
                                                 reached.closed.contains(state.unit.interval.from));
}

void UnitBoard::advance(std::size_t source, Micros frontier, bool all) {
  auto& reached = reached_[source];
  if (frontier <= reached.frontier && !all) return;
  reached.frontier = std::max(reached.frontier, frontier);
  reached.all = reached.all || all;
  sweep(source);
}

void UnitBoard::close_window(std::size_t source, Micros start) {
  auto& reached = reached_[source];
  reached.closed.insert(start);
  const auto found = reached.windows.find(start);
  if (found == reached.windows.end()) return;
  auto* state = found->second;
  reached.windows.erase(found);
  state->ended[source] = true;
  on_end(source, *state);
}

void UnitBoard::sweep(std::size_t source) {
  auto& reached = reached_[source];
  while (!reached.windows.empty() && past(reached, *reached.windows.begin()->second)) {
    auto* state = reached.windows.begin()->second;
    reached.windows.erase(reached.windows.begin());
    state->ended[source] = true;
    on_end(source, *state);
  }
  if (!reached.all) return;
  for (auto* state : std::exchange(reached.others, {})) {
    state->ended[source] = true;
    on_end(source, *state);
  }
}

Interval UnitBoard::covered_stretch(const OpenUnit& state) const {
  const std::lock_guard lock(mutex_);
  auto stretch = state.unit.interval;
  const auto at = windows_.find(stretch.from);
  if (at != windows_.end() && at != windows_.begin()) {
    stretch.from = std::prev(at)->second->unit.interval.until;
  }
  return stretch;
}

std::vector<OpenUnit*> UnitBoard::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<OpenUnit*> states;
  for (const auto& state : units_) states.push_back(state.get());
  return states;
}

OpenUnit* UnitBoard::earliest_open() const {
  const std::lock_guard lock(mutex_);
  if (!open_windows_.empty()) return open_windows_.begin()->second;
  return open_others_.empty() ? nullptr : open_others_.begin()->second;
}

void UnitBoard::mark_done(OpenUnit& state) {
  const std::lock_guard lock(mutex_);
  state.done = true;
  if (state.unit.kind == UnitKind::window) {
    open_windows_.erase(state.unit.interval.from);
  } else {
    open_others_.erase(state.unit.id);
  }
}

bool UnitBoard::is_closing() const {
  const std::lock_guard lock(mutex_);
  return std::any_of(open_windows_.begin(), open_windows_.end(), [](const auto& entry) {
    const auto& state = *entry.second;
    return state.sinks_pending > 0 &&
           std::all_of(state.ended.begin(), state.ended.end(), [](bool ended) { return ended; });
  });
}

std::optional<Micros> UnitBoard::last_end() const {
  if (windows_.empty()) return std::nullopt;
  return windows_.rbegin()->second->unit.interval.until;
}

}  // namespace flowrun
