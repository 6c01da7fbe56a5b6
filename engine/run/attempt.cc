#include "engine/run/attempt.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <thread>

#include "engine/run/graph.h"

namespace flowrun {
namespace {

/// The parts of an attempt, in the order in which they may be destroyed backwards.
class Attempt {
 public:
  explicit Attempt(AttemptConfig config);
  AttemptResult run();

 private:
  void build();
  void open_sinks();
  void open_transforms();
  void start_sources();
  void check_all_arrived();
  void close_sinks(bool complete);
  std::int64_t keep_failed_rejects();
  Committer::Config committer_config();
  void unit_done(OpenUnit& unit);

  AttemptConfig config_;
  AttemptContext context_;
  std::unique_ptr<UnitBoard> board_;
  tbb::global_control parallelism_;
  tbb::task_arena arena_;
  std::unique_ptr<tbb::flow::graph> tbb_graph_;
  std::unique_ptr<Graph> graph_;
  std::vector<std::unique_ptr<SinkThread>> sinks_;
  std::size_t opened_ = 0;  ///< sinks that are open, the first ones
  std::unique_ptr<Committer> committer_;
  std::vector<std::unique_ptr<WindowGate>> gates_;
  std::vector<std::unique_ptr<SourceDriver>> sources_;
};

Attempt::Attempt(AttemptConfig config)
    : config_(std::move(config)),
      parallelism_(tbb::global_control::max_allowed_parallelism,
                   static_cast<std::size_t>(worker_threads(*config_.options)) + 1),
      arena_(worker_threads(*config_.options)) {
  context_.instance = config_.instance;
  context_.options = config_.options;
  context_.credits = config_.credits;
  context_.log = config_.log;
  context_.run = config_.run;
  context_.input_names = config_.input_names;
  context_.disorder = [this] {
    Micros most = 0;
    for (const auto& source : sources_) most = std::max(most, source->disorder());
    return most;
  };
  board_ = std::make_unique<UnitBoard>(UnitBoard::Config{
      .sources = config_.sources.size(),
      .epoch = config_.epoch,
      .attempt = config_.number,
      .run = config_.run,
      .every = config_.instance->window ? config_.instance->window->every : 0,
      .until = config_.instance->window ? config_.instance->window->until.value_or(INT64_MAX)
                                        : INT64_MAX,
      .coverage = config_.coverage});
  context_.board = board_.get();
}

Committer::Config Attempt::committer_config() {
  Committer::Config committer{.coverage = config_.coverage,
                              .journal = config_.journal,
                              .lease = config_.lease,
                              .stats = config_.stats,
                              .on_done = [this](OpenUnit& unit) { unit_done(unit); }};
  committer.skips_empty = static_cast<bool>(config_.on_cursors);
  if (config_.on_cursors) {
    committer.withdraw = config_.withdraw_cursors;
    committer.before_prepare = [this] {
      std::vector<const CursorFilter*> cursors;
      for (const auto& source : sources_) cursors.push_back(source->cursor());
      config_.on_cursors(cursors);
    };
  }
  // Windows of files end in order of time, so that they may as well commit in it; only ranges that
  // are read side by side gain by overtaking one another.
  committer.any_order = std::any_of(config_.sources.begin(), config_.sources.end(),
                                    [](const SourceWork& work) { return work.ranges; });
  const auto& plan = config_.instance->nodes;
  const auto sinks = nodes_of(*config_.instance, NodeKind::sink);
  for (std::size_t number = 0; number < sinks.size(); ++number) {
    const auto& node = plan[sinks[number]];
    committer.any_order =
        committer.any_order && (node.window_keyed || !node.binding.sink.keeps_coverage);
    for (const auto& from : node.inputs) {
      if (plan[from.node].kind == NodeKind::sink) {
        committer.reject_takers[from.node].push_back(sinks_[number].get());
      }
    }
  }
  return committer;
}

void Attempt::unit_done(OpenUnit& unit) {
  if (unit.unit.kind == UnitKind::window) {
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      if (config_.sources[i].ranges) gates_[i]->leave();
    }
  }
  UnitDone done{.instance = config_.instance->name, .unit = unit.unit};
  bool covered = true;
  {
    const std::lock_guard lock(unit.mutex);
    for (const auto rows : unit.written) done.rows += rows;
    for (const auto& [node, rows] : unit.rows_rejected) done.rejected += rows;
    for (const auto& part : unit.sinks) covered = covered && part.skip;
  }
  done.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - unit.opened).count();
  if (!covered && config_.options->on_unit) config_.options->on_unit(done);
}

void Attempt::build() {
  tbb_graph_ = std::make_unique<tbb::flow::graph>();
  graph_ = std::make_unique<Graph>(*tbb_graph_, context_, *config_.stats);
  const auto sinks = nodes_of(*config_.instance, NodeKind::sink);
  for (std::size_t number = 0; number < sinks.size(); ++number) {
    sinks_.push_back(std::make_unique<SinkThread>(context_, graph_->node(sinks[number]), number,
                                                  std::move(config_.sinks[number]),
                                                  [this](OpenUnit& unit) {
                                                    if (--unit.sinks_pending == 0)
                                                      committer_->ready(unit);
                                                  }));
  }
  graph_->connect(sinks_);
  const auto sources = nodes_of(*config_.instance, NodeKind::source);
  const auto in_flight = config_.instance->window ? config_.instance->window->in_flight : 1;
  for (std::size_t number = 0; number < sources.size(); ++number) {
    gates_.push_back(std::make_unique<WindowGate>(in_flight));
    auto& node = graph_->node(sources[number]);
    sources_.push_back(std::make_unique<SourceDriver>(
        context_, node, number, *tbb_graph_, node.plan().binding.make_source(),
        config_.sources[number], config_.plan->now, *config_.stats, *gates_.back()));
  }
  board_->on_open = [this](OpenUnit& unit) {
    ++config_.stats->units_opened;
    if (config_.journal != nullptr && !unit.skip_all) {
      config_.journal->put_unit(config_.run, {.unit = unit.unit, .state = UnitState::reading});
    }
  };
  board_->on_end = [this](std::size_t source, OpenUnit& unit) {
    sources_[source]->node().end_ports(unit);
  };
}

void Attempt::open_sinks() {
  for (auto& sink : sinks_) {
    auto context = config_.sink_contexts[sink->number()];
    context.stop = context_.failure.token();
    context_.failure.guard(sink->node().where(),
                           [&] { sink->run([&] { sink->sink().open(context); }); });
    if (context_.failure.stopped()) return;
    ++opened_;
  }
}

void Attempt::open_transforms() {
  for (const auto& stage : graph_->stages()) {
    if (!context_.failure.stopped()) stage->open();
  }
}

void Attempt::start_sources() {
  for (auto& source : sources_) {
    context_.failure.guard(source->node().where(), [&] { source->peek(); });
  }
  if (context_.failure.stopped()) return;
  Micros least = INT64_MAX;
  for (const auto& key : config_.coverage->new_inputs()) {
    const auto colon = key.find(':');
    for (auto& source : sources_) {
      if (source->node().plan().name == key.substr(0, colon)) {
        least = std::min(least, source->first_possible(key.substr(colon + 1)));
      }
    }
  }
  config_.coverage->set_new_rows_from(least);
  for (auto& source : sources_) source->start();
}

void Attempt::check_all_arrived() {
  if (context_.failure.stopped()) return;
  const auto units = board_->all().size();
  for (const auto& stage : graph_->stages()) {
    if (stage->inlet().unfinished() == 0 && stage->inlet().finished() == units) continue;
    context_.failure.set(
        Error(Errc::internal,
              "bug: a message was lost before {}: it finished {} of {} units; nothing "
              "of the unfinished ones was committed",
              stage->where(), stage->inlet().finished(), units));
    return;
  }
}

void Attempt::close_sinks(bool complete) {
  // What could not be opened has nothing to close.
  for (std::size_t i = 0; i < opened_; ++i) {
    auto& sink = sinks_[i];
    context_.failure.guard(sink->node().where(), [&] {
      if (!complete) sink->abort_all();
      sink->run([&] { sink->sink().close(complete); });
    });
  }
}

std::int64_t Attempt::keep_failed_rejects() {
  // What was rejected is what a person looks at next, so it is kept even though its units failed.
  std::int64_t stored = 0;
  for (auto* unit : board_->all()) {
    if (!unit->done)
      stored += store_kept_rejects(*config_.journal, *config_.instance, config_.run, *unit);
  }
  return stored;
}

AttemptResult Attempt::run() {
  const std::stop_callback on_stop(config_.options->stop, [this] { context_.failure.stop(); });
  arena_.execute([this] { build(); });
  open_sinks();
  open_transforms();
  std::vector<SinkThread*> sinks;
  for (auto& sink : sinks_) sinks.push_back(sink.get());
  committer_ = std::make_unique<Committer>(context_, sinks, committer_config());
  if (!context_.failure.stopped()) start_sources();
  arena_.execute([this] { tbb_graph_->wait_for_all(); });
  for (auto& source : sources_) source->join();
  check_all_arrived();
  for (auto& sink : sinks_) sink->run([] {});
  committer_->finish();
  if (!context_.failure.stopped() && board_->earliest_open() != nullptr) {
    context_.failure.set(Error(Errc::internal, "bug: {} was never committed",
                               board_->earliest_open()->unit.shown()));
  }
  close_sinks(!context_.failure.stopped());
  AttemptResult result{.error = context_.failure.first(),
                       .committed = committer_->committed(),
                       .rejects_stored = committer_->rejects_stored(),
                       .checks = committer_->checks()};
  if (result.error && config_.journal != nullptr) result.rejects_stored += keep_failed_rejects();
  if (!result.error && context_.failure.stopped()) {
    result.error =
        Error(Errc::cancelled, "stopped; what was prepared is committed, the next run goes on");
  }
  return result;
}

}  // namespace

int worker_threads(const RunOptions& options) {
  return options.threads > 0 ? options.threads
                             : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::vector<std::size_t> nodes_of(const InstancePlan& instance, NodeKind kind) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < instance.nodes.size(); ++i) {
    if (instance.nodes[i].kind == kind) found.push_back(i);
  }
  return found;
}

AttemptResult run_attempt(AttemptConfig config) {
  try {
    Attempt attempt(std::move(config));
    return attempt.run();
  } catch (const Error& error) {
    return {.error = error};
  } catch (const std::exception& error) {
    return {.error = Error(Errc::internal, "bug: {}", error.what())};
  }
}

}  // namespace flowrun
