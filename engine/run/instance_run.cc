#include "engine/run/instance_run.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "engine/core/error.h"
#include "engine/core/json.h"
#include "engine/run/bounds.h"
#include "engine/run/cursor_loads.h"
#include "engine/run/instance_log.h"
#include "engine/run/sides.h"

namespace flowrun {
namespace {

std::string params_json(const Plan& plan) {
  JsonWriter json;
  json.begin_object();
  for (const auto& [name, value] : plan.params) json.field(name, value);
  return json.end_object().str();
}

/// The run of one instance: what lives as long as its lease.
class InstanceRun {
 public:
  InstanceRun(const Plan& plan, const InstancePlan& instance, const RunOptions& options,
              const RunServices& services, Credits& credits)
      : plan_(&plan),
        bounded_(instance),
        instance_(&bounded_),
        log_(plan, instance, options, services),
        options_(&log_.options()),
        services_(&log_.services()),
        credits_(&credits) {}

  RunReport run();

 private:
  void start();
  void work();
  void rounds(const InstancePlan& side);
  void begin_side(const InstanceInputs& inputs);
  [[nodiscard]] AttemptResult attempt(const InstancePlan& side, CoveragePlan& coverage,
                                      std::vector<SourceWork> work,
                                      std::vector<std::string> input_names, InstanceSinks sinks,
                                      CursorLoads& cursors, int number);
  /// What is to be read next; empty where all is covered.
  [[nodiscard]] static std::vector<SourceWork> next_work(const InstancePlan& side,
                                                         const InstanceInputs& inputs,
                                                         CursorLoads& cursors,
                                                         CoveragePlan& coverage);
  static void finish_targets(InstanceSinks& sinks);
  [[nodiscard]] bool wait_before_retry(int attempt) const;
  void end(const std::optional<Error>& error);
  void record_end() const;
  [[nodiscard]] SourceContext source_context() const;

  const Plan* plan_;
  InstancePlan bounded_;  ///< with the bounds of this run
  const InstancePlan* instance_;
  InstanceLog log_;
  const RunOptions* options_;
  const RunServices* services_;
  Credits* credits_;
  std::unique_ptr<Lease> lease_;
  std::shared_ptr<RunStats> stats_ = std::make_shared<RunStats>();
  RunReport report_;
  bool worked_ = false;
  bool bytes_known_ = true;
};

SourceContext InstanceRun::source_context() const {
  return {.fingerprints = options_->dry_run ? nullptr : &services_->journal->fingerprints(),
          .log = services_->log};
}

void InstanceRun::start() {
  for (const auto& node : instance_->nodes) {
    auto& stats = stats_->nodes.emplace_back();
    stats.name = node.name;
    stats.type = node.type->spec.name;
    stats.kind = to_string(node.kind);
  }
  report_.instance = instance_->name;
  report_.threads = worker_threads(*options_);
  report_.stats = stats_;
  if (options_->dry_run) return;
  lease_ = services_->journal->acquire(plan_->name, instance_->name);
  for (const auto& crashed : lease_->crashed()) {
    report_.warnings.push_back("run " + crashed + " had crashed; going on where it stopped");
  }
}

void InstanceRun::work() {
  if (!lease_) {
    resolve_bounds(bounded_, plan_->name, {}, nullptr, false);
  } else {
    SharedByName shared;
    auto sinks = make_sinks(*plan_, *instance_, *options_, *services_, shared);
    std::vector<TargetCoverage> targets;
    for (std::size_t i = 0; i < sinks.covered.size(); ++i) {
      const auto& sink = sinks.covered[i];
      if (!sink.keeps) continue;
      targets.push_back({.key = sink.key,
                         .coverage = sink.covered,
                         .epoch = sinks.sinks[i]->epoch(sinks.contexts[i])});
    }
    services_->journal->repair(*lease_, targets);
    resolve_bounds(bounded_, plan_->name, sinks.covered, services_->journal, true);
    report_.run = services_->journal->start_run({.pipeline = plan_->name,
                                                 .instance = instance_->name,
                                                 .path = plan_->path,
                                                 .file_hash = plan_->hash,
                                                 .plan_hash = plan_->hash,
                                                 .params = params_json(*plan_),
                                                 .now = plan_->now},
                                                *lease_);
    log_.begin(report_.run, *instance_);
    services_->journal->freeze(plan_->name, plan_->frozen);
  }
  if (options_->on_start) options_->on_start(instance_->name, stats_);
  for (const auto& side : sides_of(*instance_)) rounds(side);
}

/// Units are counted once, not once a side.
void InstanceRun::begin_side(const InstanceInputs& inputs) {
  stats_->units_opened = stats_->units_committed = stats_->units_covered = 0;
  stats_->units_total = -1;
  bytes_known_ = bytes_known_ && inputs.bytes >= 0;
  stats_->input_bytes =
      bytes_known_ ? std::max<std::int64_t>(stats_->input_bytes, 0) + inputs.bytes : -1;
}

void InstanceRun::rounds(const InstancePlan& side) {
  const auto inputs = list_inputs(side, source_context(), report_.run);
  begin_side(inputs);
  CursorLoads cursors(side, options_->dry_run ? nullptr : services_->journal, plan_->name,
                      report_.run, options_->full);
  std::optional<CoveragePlan> coverage;
  bool worked = false;
  int attempts = 0;
  while (true) {
    SharedByName shared;
    auto sinks = make_sinks(*plan_, side, *options_, *services_, shared);
    if (!coverage) {
      coverage.emplace(sinks.covered, side.window.has_value(), options_->full);
      if (side.window) coverage->set_revisit(side.window->revisit, plan_->now);
    } else {
      for (std::size_t i = 0; i < sinks.covered.size(); ++i)
        coverage->replace(i, sinks.covered[i].covered);
    }
    for (auto& context : sinks.contexts) {
      context.epoch = lease_ ? lease_->epoch() : 0;
      context.run = report_.run;
    }
    auto work = next_work(side, inputs, cursors, *coverage);
    // Sources that read ranges show only here that no window is missing.
    if (std::all_of(work.begin(), work.end(),
                    [](const SourceWork& w) { return w.ranges && w.windows.empty(); })) {
      if (!worked) finish_targets(sinks);
      break;
    }
    worked = true;
    ++attempts;
    auto result = attempt(side, *coverage, std::move(work), inputs.names, std::move(sinks), cursors,
                          attempts);
    report_.attempts = attempts;
    // A load of a cursor that finds nothing new is nothing done.
    worked_ = worked_ || !cursors.active() || result.error || !result.committed.empty();
    report_.units_committed =
        std::max<std::int64_t>(report_.units_committed, stats_->units_committed);
    report_.units_covered = std::max<std::int64_t>(report_.units_covered, stats_->units_covered);
    report_.rejects_stored += result.rejects_stored;
    merge(report_.checks, result.checks);
    if (!result.error) {
      if (cursors.active()) {
        cursors.done();
      } else {
        coverage->round_done();
      }
      attempts = 0;
      continue;
    }
    // Only what somebody else's failure may have caused is worth another attempt.
    const bool again = result.error->code() == Errc::io && attempts < plan_->retry.attempts;
    if (!again || !wait_before_retry(attempts)) throw *result.error;
    ++stats_->failed_attempts;
    services_->log->warning("attempt {} failed: {}; trying again", attempts, result.error->what());
  }
}

void InstanceRun::finish_targets(InstanceSinks& sinks) {
  // A run that ended between its last commit and its end left parts to join or entries to merge.
  for (std::size_t i = 0; i < sinks.sinks.size(); ++i) {
    sinks.sinks[i]->open(sinks.contexts[i]);
    sinks.sinks[i]->close(true);
  }
}

AttemptResult InstanceRun::attempt(const InstancePlan& side, CoveragePlan& coverage,
                                   std::vector<SourceWork> work,
                                   std::vector<std::string> input_names, InstanceSinks sinks,
                                   CursorLoads& cursors, int number) {
  for (const auto& source : work) {
    if (source.ranges) stats_->units_total = static_cast<std::int64_t>(source.windows.size());
  }
  std::function<void(const std::vector<const CursorFilter*>&)> on_cursors;
  std::function<void()> withdraw;
  if (cursors.active()) {
    on_cursors = [this, &cursors](const auto& filters) {
      cursors.note_reached(filters, *services_->log);
    };
    withdraw = [this, &cursors] { cursors.withdraw(*services_->log); };
  }
  return run_attempt({.plan = plan_,
                      .instance = &side,
                      .options = options_,
                      .log = services_->log,
                      .journal = options_->dry_run ? nullptr : services_->journal,
                      .lease = lease_.get(),
                      .coverage = &coverage,
                      .credits = credits_,
                      .stats = stats_.get(),
                      .run = report_.run,
                      .epoch = lease_ ? lease_->epoch() : 0,
                      .number = number,
                      .sinks = std::move(sinks.sinks),
                      .sink_contexts = std::move(sinks.contexts),
                      .sources = std::move(work),
                      .input_names = std::move(input_names),
                      .on_cursors = std::move(on_cursors),
                      .withdraw_cursors = std::move(withdraw)});
}

std::vector<SourceWork> InstanceRun::next_work(const InstancePlan& side,
                                               const InstanceInputs& inputs, CursorLoads& cursors,
                                               CoveragePlan& coverage) {
  if (cursors.active()) {
    return cursors.next(inputs, coverage) ? cursors.works(inputs) : std::vector<SourceWork>();
  }
  const bool more = coverage.next_round(inputs.set).has_value();
  return more ? work_of(side, inputs, coverage) : std::vector<SourceWork>();
}

bool InstanceRun::wait_before_retry(int attempt) const {
  // Exponential backoff with full jitter.
  const auto longest = std::min<Micros>(plan_->retry.first_backoff << std::min(attempt - 1, 20),
                                        plan_->retry.last_backoff);
  std::minstd_rand random(std::random_device{}());
  auto left = std::chrono::microseconds(std::uniform_int_distribution<Micros>(0, longest)(random));
  constexpr auto kStep = std::chrono::microseconds(20'000);
  for (; left.count() > 0 && !options_->stop.stop_requested(); left -= kStep) {
    std::this_thread::sleep_for(std::min(left, kStep));
  }
  return !options_->stop.stop_requested();
}

void InstanceRun::end(const std::optional<Error>& error) {
  report_.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - stats_->started).count();
  report_.up_to_date = !error && !worked_;
  for (const auto& check : report_.checks) {
    const bool warns = check.on_fail == OnFail::warn && check.units_failed > 0;
    if (warns) report_.warnings.push_back(text_of_failure(check));
  }
  if (error) {
    report_.code = error->code();
    report_.message = error->what();
    report_.state = error->code() == Errc::cancelled                      ? RunState::cancelled
                    : error->code() == Errc::lease && report_.run.empty() ? RunState::skipped
                                                                          : RunState::failed;
  }
  log_.end(report_);
  if (!report_.run.empty()) record_end();
}

void InstanceRun::record_end() const {
  std::vector<NodeCounts> nodes;
  for (const auto& node : stats_->nodes) {
    nodes.push_back({.node = node.name,
                     .type = node.kind + " " + node.type,
                     .rows = {.in = node.in,
                              .passed = node.passed,
                              .absorbed = node.absorbed,
                              .filtered = node.filtered,
                              .rejected = node.rejected,
                              .skipped = node.skipped,
                              .made = node.made,
                              .out = node.out},
                     .busy = node.busy_ns + node.read_ns,
                     .blocked = node.blocked_ns});
  }
  const auto totals = fmt::format(
      R"({{"seconds":{:.3f},"units_committed":{},"units_covered":{},"rows_read":{},"rejects_stored":{},"attempts":{}}})",
      report_.seconds, report_.units_committed, report_.units_covered, stats_->rows_read.load(),
      report_.rejects_stored, report_.attempts);
  services_->journal->end_run(report_.run, report_.state, report_.message, totals, nodes);
}

RunReport InstanceRun::run() {
  std::optional<Error> failed;
  try {
    start();
    work();
  } catch (const Error& error) {
    failed = error;
  } catch (const std::exception& error) {
    failed = Error(Errc::internal, "bug: {}", error.what());
  }
  try {
    end(failed);
  } catch (const Error& error) {
    report_.state = RunState::failed;
    report_.code = error.code();
    report_.message =
        std::string(error.what()) + (failed ? std::string("; before that: ") + failed->what() : "");
  }
  return report_;
}

}  // namespace

RunReport run_instance(const Plan& plan, const InstancePlan& instance, const RunOptions& options,
                       const RunServices& services, Credits& credits) {
  InstanceRun run(plan, instance, options, services, credits);
  return run.run();
}

}  // namespace flowrun
