#include "engine/run/instance_state.h"

#include <algorithm>

#include "engine/run/instance_run.h"
#include "engine/spec/coverage.h"

namespace flowrun {
namespace {

std::vector<Interval> stretches(const std::vector<Coverage>& covered) {
  std::vector<Interval> windows;
  for (const auto& entry : covered) {
    if (entry.kind == UnitKind::window) windows.push_back(entry.interval);
  }
  std::sort(windows.begin(), windows.end());
  std::vector<Interval> joined;
  for (const auto& window : windows) {
    if (!joined.empty() && window.from <= joined.back().until) {
      joined.back().until = std::max(joined.back().until, window.until);
    } else {
      joined.push_back(window);
    }
  }
  return joined;
}

std::string shown(Interval interval) {
  return format_timestamp(interval.from) + ".." + format_timestamp(interval.until);
}

bool covers(const SinkState& sink, const Unit& unit) {
  const Coverage wanted{.kind = unit.kind,
                        .interval = unit.interval,
                        .id = unit.kind == UnitKind::window ? std::string() : unit.id};
  return std::any_of(sink.covered.begin(), sink.covered.end(),
                     [&](const Coverage& entry) { return overlaps(entry, wanted); });
}

void check_windows(const SinkState& sink, std::vector<std::string>& found) {
  const auto joined = stretches(sink.covered);
  for (std::size_t i = 1; i < joined.size(); ++i) {
    found.push_back(fmt::format("sink \"{}\": nothing is committed of {}; run the pipeline again",
                                sink.sink, shown({joined[i - 1].until, joined[i].from})));
  }
  const auto other = std::count_if(sink.covered.begin(), sink.covered.end(),
                                   [&](const auto& c) { return !is_of_plan(c, sink.plan_hash); });
  // What a cursor has passed is not loaded again because the pipeline changed.
  if (other > 0 && !joined.empty()) {
    found.push_back(
        fmt::format("sink \"{}\": {} entries were loaded by another version of the pipeline",
                    sink.sink, other));
  }
}

void check_watermarks(const InstanceState& state, std::vector<std::string>& found) {
  for (const auto& sink : state.sinks) {
    const auto& first = state.sinks.front();
    if (sink.watermark == first.watermark) continue;
    const auto end = [](const SinkState& of) {
      return of.watermark ? format_timestamp(*of.watermark) : std::string("nothing");
    };
    found.push_back(
        fmt::format("sinks \"{}\" and \"{}\" are not equally far: {} and {}; run the "
                    "pipeline again",
                    first.sink, sink.sink, end(first), end(sink)));
  }
}

void check_journal(const Plan& plan, const InstanceState& state, Journal& journal,
                   std::int64_t runs, std::vector<std::string>& found) {
  for (const auto& sink : state.sinks) {
    std::int64_t missing = 0;
    std::string example;
    for (const auto& run :
         journal.runs({.pipeline = plan.name, .instance = state.instance, .limit = runs})) {
      for (const auto& unit : journal.units(run.id)) {
        if (unit.state != UnitState::journalled || covers(sink, unit.unit)) continue;
        if (missing++ == 0) example = unit.unit.shown();
      }
    }
    if (missing == 0) continue;
    found.push_back(fmt::format(
        "sink \"{}\": {} units were committed by earlier runs and are not in {} now ({}); the next "
        "run loads what its inputs still hold",
        sink.sink, missing, sink.target, example));
  }
}

void check_cursors(const InstanceState& state, std::vector<std::string>& found) {
  for (const auto& [source, cursor] : state.cursors) {
    if (!cursor.load) continue;
    for (const auto& sink : state.sinks) {
      const bool has = std::any_of(sink.covered.begin(), sink.covered.end(),
                                   [&](const auto& entry) { return entry.id == cursor.load->id; });
      if (has) continue;
      found.push_back(
          fmt::format("sink \"{}\" lacks {} rows of source \"{}\" that an interrupted run had "
                      "begun to load; run the pipeline again",
                      sink.sink, cursor.load->rows, source));
    }
  }
}

}  // namespace

InstanceState state_of(const Plan& plan, const InstancePlan& instance,
                       const RunServices& services) {
  InstanceState state{.instance = instance.name};
  SharedByName shared;
  const auto sinks = make_sinks(plan, instance, {}, services, shared);
  bool all_have = true;
  for (const auto& sink : sinks.covered) {
    if (!sink.keeps) continue;
    SinkState one{.sink = sink.node,
                  .target = sink.key.target,
                  .plan_hash = sink.plan_hash,
                  .covered = sink.covered};
    const auto joined = stretches(one.covered);
    if (!joined.empty()) one.watermark = joined.front().until;
    for (const auto& entry : one.covered) {
      one.rows += entry.rows;
      one.loads += entry.kind == UnitKind::load ? 1 : 0;
    }
    all_have = all_have && one.watermark.has_value();
    if (one.watermark) {
      state.watermark = std::min(state.watermark.value_or(*one.watermark), *one.watermark);
    }
    state.sinks.push_back(std::move(one));
  }
  if (!all_have) state.watermark.reset();
  if (services.journal != nullptr) {
    state.cursors = services.journal->cursors(plan.name, instance.name);
  }
  return state;
}

std::vector<std::string> verify_state(const Plan& plan, const InstanceState& state,
                                      Journal* journal, std::int64_t runs) {
  std::vector<std::string> found;
  for (const auto& sink : state.sinks) check_windows(sink, found);
  check_watermarks(state, found);
  if (journal != nullptr) check_journal(plan, state, *journal, runs, found);
  check_cursors(state, found);
  return found;
}

}  // namespace flowrun
