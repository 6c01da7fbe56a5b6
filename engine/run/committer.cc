#include "engine/run/committer.h"

#include <algorithm>

#include "engine/core/error.h"

namespace flowrun {

Committer::Committer(AttemptContext& context, std::vector<SinkThread*> sinks, Config config)
    : context_(&context),
      sinks_(std::move(sinks)),
      config_(std::move(config)),
      thread_([this] { loop(); }) {}

Committer::~Committer() {
  if (thread_.joinable()) finish();
}

void Committer::ready(OpenUnit& unit) {
  const std::lock_guard lock(mutex_);
  ready_.insert(&unit);
  changed_.notify_all();
}

void Committer::finish() {
  {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void Committer::loop() {
  while (true) {
    OpenUnit* unit = nullptr;
    {
      std::unique_lock lock(mutex_);
      const bool go_on = changed_.wait(lock, context_->failure.token(), [&] {
        unit = next();
        return unit != nullptr || finishing_;
      });
      if (!go_on || unit == nullptr) return;
      ready_.erase(unit);
    }
    context_->failure.guard(unit->unit.shown(), [&] { commit(*unit); });
    if (context_->failure.stopped()) return;
  }
}

OpenUnit* Committer::next() {
  if (ready_.empty()) return nullptr;
  auto* earliest = context_->board->earliest_open();
  if (ready_.contains(earliest)) return earliest;
  if (!config_.any_order) return nullptr;
  // Rows without a time say that all was read: they wait for every window.
  const auto found = std::find_if(ready_.begin(), ready_.end(), [](const OpenUnit* unit) {
    return unit->unit.kind == UnitKind::window;
  });
  return found == ready_.end() ? nullptr : *found;
}

void Committer::commit(OpenUnit& unit) {
  std::vector<SinkThread*> rejects;
  std::vector<SinkThread*> data;
  for (auto* sink : sinks_) {
    if (unit.sinks[sink->number()].skip) continue;
    (sink->node().plan().takes_rejects ? rejects : data).push_back(sink);
  }
  // What is counted for people are windows and loads; rows without a time are no further window.
  const int counted = unit.unit.kind == UnitKind::unplaced ? 0 : 1;
  if (rejects.empty() && data.empty()) {
    config_.stats->units_covered += counted;
  } else if (config_.skips_empty && is_empty(unit)) {
    if (config_.before_prepare) config_.before_prepare();
    for (auto* sink : sinks_) sink->abort(unit);
  } else {
    try {
      steps(unit, rejects, data);
    } catch (...) {
      for (auto* sink : sinks_) sink->abort(unit);
      if (!commits_ && config_.withdraw) config_.withdraw();
      throw;
    }
    config_.stats->units_committed += counted;
  }
  context_->board->mark_done(unit);
  if (config_.on_done) config_.on_done(unit);
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

bool Committer::is_empty(OpenUnit& unit) const {
  const std::lock_guard lock(unit.mutex);
  return std::all_of(unit.rows_in.begin(), unit.rows_in.end(), [&](const auto& rows) {
    return rows.second == 0 || context_->instance->nodes[rows.first].kind != NodeKind::source;
  });
}

void Committer::steps(OpenUnit& unit, const std::vector<SinkThread*>& rejects,
                      const std::vector<SinkThread*>& data) {
  const auto& at_step = context_->options->hooks.at_step;
  pending_.clear();
  commits_ = false;
  if (config_.before_prepare) config_.before_prepare();
  for (auto* sink : data) prepare_data(unit, *sink);
  judge_checks(unit);
  judge(unit);
  for (auto* sink : rejects) prepare_data(unit, *sink);
  record(unit, UnitState::prepared);
  if (at_step) at_step("prepared", unit.unit);
  if (config_.lease != nullptr) config_.lease->check();
  store_rejects(unit);
  if (at_step) at_step("committing", unit.unit);
  commits_ = true;
  for (auto* sink : rejects) sink->commit(unit);
  for (auto* sink : data) sink->commit(unit);
  committed_.insert(committed_.end(), pending_.begin(), pending_.end());
  summarize(checks_, judged_);
  if (at_step) at_step("committed", unit.unit);
  record(unit, UnitState::journalled);
}

void Committer::prepare_data(OpenUnit& unit, SinkThread& sink) {
  auto marker = marker_of(unit, sink);
  auto& node = sink.node();
  std::int64_t refused = 0;
  sink.prepare(unit, marker, [&](std::vector<Reject> rejects) {
    refused += static_cast<std::int64_t>(rejects.size());
    hand_on(unit, node, std::move(rejects));
  });
  {
    const std::lock_guard lock(unit.mutex);
    const auto rows = unit.written[sink.number()] - refused;
    node.stats().passed += rows;
    node.stats().out += rows;
  }
  pending_.push_back({.sink = sink.number(), .marker = std::move(marker)});
}

void Committer::hand_on(OpenUnit& unit, NodeBase& node, std::vector<Reject> rejects) {
  const auto count = static_cast<std::int64_t>(rejects.size());
  node.stats().rejected += count;
  const auto takers = config_.reject_takers.find(node.number());
  if (takers == config_.reject_takers.end())
    return node.route_rejects(unit, std::move(rejects), nullptr);
  for (auto& reject : rejects) {
    if (reject.origin.empty()) reject.origin = context_->origin(reject.ordinal);
  }
  const auto batch = make_reject_batch(rejects, node.plan().name, unit.unit.shown(), context_->run);
  for (auto* taker : takers->second) {
    taker->node().stats().in += batch->rows();
    if (unit.sinks[taker->number()].skip) {
      taker->node().stats().skipped += batch->rows();
    } else {
      taker->write_now(unit, batch);
    }
  }
  const std::lock_guard lock(unit.mutex);
  unit.rows_rejected[node.number()] += count;
}

Marker Committer::marker_of(const OpenUnit& unit, const SinkThread& sink) const {
  const auto& part = unit.sinks[sink.number()];
  const auto& covered = config_.coverage->sinks()[sink.number()];
  Marker marker{
      .key = covered.key,
      .coverage = {.kind = unit.unit.kind,
                   .interval = unit.unit.interval,
                   .id = unit.unit.kind == UnitKind::window ? std::string() : unit.unit.id,
                   .plan_hash = config_.coverage->hash_of(sink.number(), unit.unit, unit.unsettled),
                   .inputs = part.inputs,
                   .generation = part.generation,
                   .epoch = unit.unit.epoch,
                   .run = unit.unit.run,
                   .rows = unit.written[sink.number()]},
      .replaces = part.replaces};
  if (unit.unit.kind == UnitKind::window && part.replaces == 0) {
    marker.coverage.interval = config_.coverage->clip(
        sink.number(), context_->board->covered_stretch(unit), unit.unit.interval);
  }
  return marker;
}

void Committer::judge_checks(OpenUnit& unit) {
  judged_.clear();
  {
    const std::lock_guard lock(unit.mutex);
    for (const auto& [number, results] : unit.checks) {
      for (const auto& result : results) {
        judged_.push_back({.node = context_->instance->nodes[number].name,
                           .unit = unit.unit.shown(),
                           .result = result});
      }
    }
  }
  if (config_.journal != nullptr) config_.journal->put_checks(context_->run, unit.unit, judged_);
  const StoredCheck* first = nullptr;
  int failed = 0;
  for (const auto& check : judged_) {
    if (check.result.passed || check.result.on_fail != OnFail::error) continue;
    if (failed++ == 0) first = &check;
  }
  if (failed == 0) return;
  summarize(checks_, judged_);
  const auto& [node, shown, result] = *first;
  throw Error(Errc::check, "check \"{}\" of node \"{}\" does not hold: {}{}{}; {}", result.rule,
              node, result.detail, result.origin.empty() ? "" : "; the first is " + result.origin,
              failed == 1 ? "" : fmt::format("; nor do {} more", failed - 1),
              "nothing of it was committed");
}

void Committer::judge(OpenUnit& unit) {
  const std::lock_guard lock(unit.mutex);
  for (const auto& [node, rows] : unit.rows_in) rows_in_[node] += rows;
  for (const auto& [number, rejected] : unit.rows_rejected) {
    rows_rejected_[number] += rejected;
    const auto& node = context_->instance->nodes[number];
    const auto total = rows_rejected_[number];
    const auto in = std::max<std::int64_t>(rows_in_[number], total);
    const auto& limits = node.limits;
    if (limits.max_rejects >= 0 && total > limits.max_rejects) {
      throw Error(Errc::data, "node \"{}\" rejected {} rows, more than max_rejects = {}", node.name,
                  total, limits.max_rejects);
    }
    const double ratio = static_cast<double>(total) / static_cast<double>(in);
    if (limits.max_reject_ratio >= 0 && ratio > limits.max_reject_ratio) {
      throw Error(Errc::data, "node \"{}\" rejected {} of {} rows, more than max_reject_ratio = {}",
                  node.name, total, in, limits.max_reject_ratio);
    }
  }
}

void Committer::store_rejects(OpenUnit& unit) {
  if (config_.journal == nullptr) return;
  rejects_stored_ += store_kept_rejects(*config_.journal, *context_->instance, context_->run, unit);
}

std::int64_t store_kept_rejects(Journal& journal, const InstancePlan& instance,
                                const std::string& run, OpenUnit& unit) {
  std::vector<StoredReject> rejects;
  std::int64_t total = 0;
  {
    const std::lock_guard lock(unit.mutex);
    for (const auto& [number, kept] : unit.kept) {
      total += kept.count;
      for (const auto& reject : kept.first) {
        rejects.push_back({.node = instance.nodes[number].name, .unit = {}, .reject = reject});
      }
    }
  }
  // Also where there are none: a redo takes the place of what an earlier run kept of this unit.
  std::sort(rejects.begin(), rejects.end(), [](const StoredReject& a, const StoredReject& b) {
    return a.reject.ordinal < b.reject.ordinal;
  });
  journal.put_rejects(run, unit.unit, rejects, total);
  return total;
}

void Committer::record(const OpenUnit& unit, UnitState state) const {
  if (config_.journal == nullptr) return;
  RowCounts rows;
  for (const auto written : unit.written) rows.in += written;
  rows.passed = rows.out = rows.in;
  config_.journal->put_unit(context_->run, {.unit = unit.unit, .state = state, .rows = rows});
}

}  // namespace flowrun
