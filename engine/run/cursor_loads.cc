#include "engine/run/cursor_loads.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/hash.h"

namespace flowrun {
namespace {

std::string inputs_digest(const std::vector<Input>& inputs) {
  std::string text;
  for (const auto& input : inputs) {
    if (input.fingerprint.empty()) return {};
    text += input.name + '\n' + input.fingerprint + '\n';
  }
  return fingerprint(text);
}

bool holds(const CoveredSink& sink, const std::string& id) {
  return std::any_of(sink.covered.begin(), sink.covered.end(), [&](const Coverage& entry) {
    return entry.kind == UnitKind::load && entry.id == id;
  });
}

}  // namespace

CursorLoads::CursorLoads(const InstancePlan& side, Journal* journal, std::string pipeline,
                         std::string run, bool full)
    : journal_(journal),
      pipeline_(std::move(pipeline)),
      instance_(side.name),
      run_(std::move(run)),
      full_(full) {
  for (const auto& node : side.nodes) {
    if (node.cursor) sources_.push_back({.node = &node, .inputs = {}});
  }
}

void CursorLoads::load_states() {
  states_.clear();
  if (journal_ == nullptr) return;
  const auto known = journal_->cursors(pipeline_, instance_);
  for (const auto& source : sources_) {
    const auto found = known.find(source.node->name);
    if (found != known.end()) states_.insert(*found);
  }
}

std::optional<std::string> CursorLoads::pending() const {
  for (const auto& [source, state] : states_) {
    if (state.load) return state.load->id;
  }
  return std::nullopt;
}

void CursorLoads::refuse_unknown(const CoveragePlan& coverage) const {
  for (const auto& sink : coverage.sinks()) {
    if (!sink.keeps || sink.idempotent || sink.covered.empty()) continue;
    if (full_) {
      throw Error(
          Errc::plan,
          "--full would load rows twice: sink \"{}\" appends, and what it has loaded cannot "
          "be taken back; clear the target and load it anew, or use mode \"upsert\" with a "
          "key",
          sink.node);
    }
    for (const auto& source : sources_) {
      if (states_.contains(source.node->name)) continue;
      throw Error(
          Errc::plan,
          "sink \"{}\" holds rows, and nothing says how far the cursor of source \"{}\" had "
          "come: say it with flowrun state set, or clear the target",
          sink.node, source.node->name);
    }
  }
}

bool CursorLoads::is_known(const CursorSource& source) const {
  const auto state = states_.find(source.node->name);
  return state != states_.end() && !source.inputs.empty() && state->second.inputs == source.inputs;
}

bool CursorLoads::unchanged() const {
  return std::all_of(sources_.begin(), sources_.end(), [&](const CursorSource& source) {
    return is_known(source) && !states_.at(source.node->name).held_back;
  });
}

std::vector<bool> CursorLoads::empty_sinks(const CoveragePlan& coverage) const {
  // Marks that a person set say nothing of what was loaded.
  const bool loaded = std::any_of(states_.begin(), states_.end(), [](const auto& state) {
    const auto& marks = state.second.marks;
    return std::any_of(marks.begin(), marks.end(),
                       [](const auto& mark) { return !mark.second.columns.empty(); });
  });
  std::vector<bool> empty;
  for (const auto& sink : coverage.sinks()) {
    empty.push_back(loaded && sink.keeps &&
                    std::none_of(sink.covered.begin(), sink.covered.end(),
                                 [](const Coverage& c) { return c.kind == UnitKind::load; }));
  }
  const bool none = std::find(empty.begin(), empty.end(), true) == empty.end();
  return none ? std::vector<bool>() : empty;
}

void CursorLoads::choose(std::string id, Kind kind, CoveragePlan& coverage,
                         std::vector<bool> skips) {
  id_ = std::move(id);
  kind_ = kind;
  // Every load is an input of its own: none stands in for another one.
  InputSet round;
  for (const auto& source : sources_) round.emplace(source.node->name + ":" + id_, id_);
  coverage.set_round(std::move(round), std::move(skips));
}

bool CursorLoads::next(const InstanceInputs& inputs, CoveragePlan& coverage) {
  load_states();
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    sources_[i].inputs = inputs_digest(inputs.by_source[i]);
  }
  const auto& sinks = coverage.sinks();
  may_repeat_ties_ = std::all_of(sinks.begin(), sinks.end(), [](const CoveredSink& sink) {
    return !sink.keeps || sink.idempotent;
  });
  if (const auto id = pending(); id && !(full_ && may_repeat_ties_)) {
    const bool everywhere =
        coverage.has_coverage() && std::all_of(sinks.begin(), sinks.end(), [&](const auto& sink) {
          return !sink.keeps || holds(sink, *id);
        });
    if (!everywhere) {
      choose(*id, Kind::again, coverage);
      return true;
    }
    // Kept with the next load, or found out again.
    move_marks();
  }
  if (read_) return false;
  refuse_unknown(coverage);
  if (auto empty = empty_sinks(coverage); !full_ && !caught_up_ && !empty.empty()) {
    empty.flip();
    choose("cursor-" + run_ + "-past", Kind::past, coverage, std::move(empty));
    return true;
  }
  if (!full_ && unchanged()) return false;
  choose("cursor-" + run_, Kind::fresh, coverage);
  return true;
}

std::vector<SourceWork> CursorLoads::works(const InstanceInputs& inputs) const {
  std::vector<SourceWork> works;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    SourceWork work{.inputs = inputs.by_source[i], .numbers = inputs.numbers[i], .load = id_};
    CursorRange range{.from = {},
                      .to = {},
                      .may_repeat_ties = may_repeat_ties_,
                      .knows_rejects = kind_ == Kind::fresh && !full_ && is_known(sources_[i])};
    const auto state = states_.find(sources_[i].node->name);
    const bool known = state != states_.end();
    if (known && (kind_ == Kind::again || (kind_ == Kind::fresh && !full_))) {
      range.from = state->second.marks;
    }
    if (kind_ == Kind::again) {
      range.to = known && state->second.load ? state->second.load->to : CursorMarks{};
    } else if (kind_ == Kind::past) {
      range.to = known ? state->second.marks : CursorMarks{};
    }
    work.cursor = std::move(range);
    works.push_back(std::move(work));
  }
  return works;
}

void CursorLoads::note_reached(const std::vector<const CursorFilter*>& filters, Log& log) {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const auto& filter = *filters[i];
    auto& state = states_[sources_[i].node->name];
    sources_[i].held_back = filter.held_back();
    if (kind_ == Kind::fresh) {
      state.load = CursorLoad{
          .id = id_, .to = filter.reached(), .rows = filter.rows(), .digest = filter.digest()};
      continue;
    }
    const auto& planned = state.load;
    if (kind_ == Kind::again && planned &&
        (planned->rows != filter.rows() || planned->digest != filter.digest())) {
      log.warning(
          "source \"{}\": the rows of the interrupted load {} have changed since: {} rows then, {} "
          "rows now",
          sources_[i].node->name, id_, planned->rows, filter.rows());
    }
  }
  if (kind_ == Kind::fresh) put();
}

void CursorLoads::withdraw(Log& log) noexcept {
  if (kind_ != Kind::fresh) return;
  try {
    for (const auto& source : sources_) states_[source.node->name].load.reset();
    put();
  } catch (const std::exception& error) {
    log.warning("the load {} stays noted, to be read again: {}", id_, error.what());
  }
}

void CursorLoads::move_marks() {
  for (auto& [source, state] : states_) {
    if (!state.load) continue;
    for (auto& [key, mark] : state.load->to) state.marks[key] = std::move(mark);
    state.load.reset();
    state.inputs.clear();
  }
}

void CursorLoads::done() {
  if (kind_ == Kind::past) {
    caught_up_ = true;
    return;
  }
  move_marks();
  if (kind_ == Kind::fresh) {
    read_ = true;
    for (const auto& source : sources_) {
      auto& state = states_[source.node->name];
      state.inputs = source.inputs;
      state.held_back = source.held_back;
    }
  }
  put();
}

void CursorLoads::put() {
  if (journal_ != nullptr) journal_->put_cursors(pipeline_, instance_, states_);
}

std::vector<std::string> CursorLoads::shown() const {
  std::vector<std::string> lines;
  for (const auto& source : sources_) {
    const auto& schema = *source.node->binding.outputs.front().schema;
    const auto state = states_.find(source.node->name);
    std::string line = "rows of " + source.node->name + " beyond its cursor, " +
                       schema.field(source.node->cursor->column).name;
    const auto marks = state == states_.end() ? std::size_t{0} : state->second.marks.size();
    if (marks == 1) {
      line += " " + state->second.marks.begin()->second.value;
    } else if (marks > 1) {
      line += " (" + std::to_string(marks) + " marks)";
    }
    if (kind_ == Kind::again) line += ", to the end of the interrupted load";
    if (kind_ == Kind::past)
      line = "rows of " + source.node->name + " up to its cursor, for sinks that have none of them";
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace flowrun
