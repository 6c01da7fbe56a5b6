// flowrun run: runs a pipeline.
#include <algorithm>
#include <functional>
#include <thread>

#include "engine/core/error.h"
#include "engine/observe/summary.h"
#include "engine/run/runner.h"
#include "tools/flowrun/check_report.h"
#include "tools/flowrun/command.h"
#include "tools/flowrun/output.h"
#include "tools/flowrun/progress_view.h"
#include "tools/flowrun/run_record.h"
#include "tools/flowrun/signals.h"

namespace flowrun::command {
namespace {

class RunCommand : public Command {
 public:
  CommandSpec spec() override;
  int run(Session& session) override;

 protected:
  /// The options that every way to run has, behind those of the plan.
  void declare_rest(std::vector<Argument>& arguments);

  PlanArguments plan_;
  bool full_ = false;

 private:
  [[nodiscard]] RunOptions options() const;
  /// Runs the plan with progress on stderr, until it ends or a signal stops it.
  std::vector<RunReport> execute(Session& session, const Plan& plan,
                                 const SignalWatch& signals) const;
  /// Plans and runs once; the exit code. `every` becomes what [schedule] says.
  int run_once(Session& session, const SignalWatch& signals, std::optional<Micros>& every);
  /// Prints the record, on stderr where rows go to stdout.
  void print_record(const Session& session, const Plan* plan, const std::vector<RunReport>& reports,
                    int code) const;
  void summarize(Session& session, const Plan& plan, const std::vector<RunReport>& reports) const;

  bool dry_run_ = false;
  bool follow_ = false;
  bool json_ = false;
  std::optional<std::int64_t> limit_;
  std::optional<std::int64_t> threads_;
  std::string progress_ = "auto";
};

CommandSpec RunCommand::spec() {
  CommandSpec spec{
      "run",
      "run a pipeline (also: flowrun FILE)",
      {"flowrun pipeline.toml                       load what is new; again: nothing to do",
       "flowrun pipeline.toml --window-from 2026-01-01 --window-until 2026-02-01",
       "flowrun pipeline.toml --full                load again what is committed already",
       "flowrun pipeline.toml --dry-run --limit 1000  the first rows, written nowhere",
       "flowrun pipeline.toml --follow              again and again, as its [schedule] says",
       "flowrun pipeline.toml --json | jq .exit_code"},
      {}};
  auto& arguments = spec.arguments;
  plan_.declare(arguments);
  arguments.push_back({"--full", "", "load again what is committed already", &full_});
  arguments.push_back({"--follow", "", "stay, and run whenever [schedule] says", &follow_});
  declare_rest(arguments);
  return spec;
}

void RunCommand::declare_rest(std::vector<Argument>& arguments) {
  arguments.push_back({"--dry-run", "", "read and transform, write nothing", &dry_run_});
  arguments.push_back({"--limit", "N", "at most N rows of each source; dry runs only", &limit_});
  arguments.push_back({"--threads", "N", "worker threads; by default one per core", &threads_});
  arguments.push_back({"--progress",
                       "HOW",
                       "how to show progress",
                       &progress_,
                       {"auto", "never", "plain", "json"}});
  arguments.push_back(
      {"--json", "", "print one JSON record at the end, on stdout unless rows go there", &json_});
  common.declare(arguments);
}

RunOptions RunCommand::options() const {
  constexpr std::int64_t kMostThreads = 1024;
  if (limit_ && !dry_run_) {
    throw Error(Errc::usage,
                "--limit would commit a part as if it were the whole; use it with --dry-run");
  }
  if (limit_ && *limit_ < 0)
    throw Error(Errc::usage, "--limit wants a number of rows, not {}", *limit_);
  if (threads_ && (*threads_ < 1 || *threads_ > kMostThreads)) {
    throw Error(Errc::usage, "--threads wants a number from 1 to {}, not {}", kMostThreads,
                *threads_);
  }
  RunOptions options;
  options.full = full_;
  options.dry_run = dry_run_;
  options.limit = limit_.value_or(-1);
  options.threads = static_cast<int>(threads_.value_or(0));
  return options;
}

std::string unit_name(const Plan& plan) {
  return !plan.instances.empty() && plan.instances.front().window ? "window" : "load";
}

std::vector<RunReport> RunCommand::execute(Session& session, const Plan& plan,
                                           const SignalWatch& signals) const {
  if (!dry_run_ && plan_.offline && !plan.state_url.starts_with("sqlite:")) {
    throw Error(Errc::usage,
                "--offline: the journal of {} is on a server, and only a --dry-run goes without it",
                plan.path);
  }
  const auto journal = dry_run_ ? nullptr : session.journal(plan, true);
  auto run_options = options();
  const int workers = run_options.threads > 0
                          ? run_options.threads
                          : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  ProgressView view(progress_style(progress_, session.quiet()), workers, unit_name(plan),
                    session.color_err());
  session.redirect([&](const std::string& text) { view.print(text); });
  run_options.stop = signals.token();
  run_options.on_unit = [&](const UnitDone& done) { view.on_unit(done); };
  run_options.on_start = [&](const std::string& instance, std::shared_ptr<const RunStats> stats) {
    view.on_start(instance, std::move(stats));
  };
  auto reports =
      run_plan(plan, run_options,
               {.journal = journal.get(), .clock = &session.clock(), .log = &session.log()});
  view.stop();
  session.redirect({});
  return reports;
}

Outcome outcome_of(const RunReport& report, const Plan& plan) {
  Outcome outcome;
  if (report.up_to_date) {
    outcome.end = Outcome::End::up_to_date;
  } else if (report.state == RunState::ok) {
    outcome.end = Outcome::End::ok;
  } else if (report.state == RunState::cancelled) {
    outcome.end = Outcome::End::cancelled;
  } else {
    outcome.end = report.state == RunState::skipped ? Outcome::End::skipped : Outcome::End::failed;
  }
  outcome.file = plan.path;
  outcome.instance = report.instance;
  outcome.run = report.run;
  outcome.unit = unit_name(plan);
  outcome.units_committed = report.units_committed;
  outcome.units_covered = report.units_covered;
  outcome.rejects_stored = report.rejects_stored;
  outcome.checks = check_line(report.checks, report.run, plan.path);
  outcome.seconds = report.seconds;
  outcome.threads = report.threads;
  outcome.stats = report.stats.get();
  return outcome;
}

void RunCommand::summarize(Session& session, const Plan& plan,
                           const std::vector<RunReport>& reports) const {
  for (const auto& report : reports) {
    for (const auto& warning : report.warnings) session.log().warning("{}", warning);
    if (report.code && *report.code != Errc::cancelled) {
      const auto where = report.instance.empty() ? "" : report.instance + ": ";
      print_error(where + report.message, session.color_err());
    }
    if (report.code == Errc::internal) write_err(kBugRequest);
    if (!session.quiet()) write_err(summary(outcome_of(report, plan), session.color_err()));
  }
}

bool has_rows_on_stdout(const Plan& plan) {
  for (const auto& instance : plan.instances) {
    for (const auto& node : instance.nodes) {
      if (node.kind == NodeKind::sink && node.binding.sink.target == kStdoutTarget) return true;
    }
  }
  return false;
}

void RunCommand::print_record(const Session& session, const Plan* plan,
                              const std::vector<RunReport>& reports, int code) const {
  if (!json_) return;
  const auto record = run_record(plan_.file, plan, reports, session.diagnostics().all(), code);
  plan != nullptr&& has_rows_on_stdout(*plan) ? write_err(record) : write_out(record);
}

int RunCommand::run_once(Session& session, const SignalWatch& signals,
                         std::optional<Micros>& every) {
  const auto plan = session.plan(plan_);
  if (!plan) {
    print_record(session, nullptr, {}, kExitUsage);
    return kExitUsage;
  }
  every = plan->every;
  if (follow_ && !every) {
    throw Error(Errc::usage,
                "--follow runs what [schedule] says, and {} has none: add [schedule] every",
                plan->path);
  }
  const auto reports = execute(session, *plan, signals);
  summarize(session, *plan, reports);
  const int code =
      exit_code_of(reports, !session.diagnostics().empty(), signals.signal(), plan_.warn_error);
  print_record(session, &*plan, reports, code);
  return code;
}

/// Larger ones stand for signals.
constexpr int kLastOwnExitCode = 128;

/// What a later run cannot mend ends a service: a wrong file, a bug, a signal.
bool may_go_on(int code) {
  return code == kExitOk || code == exit_code_of(Errc::io) || code == exit_code_of(Errc::check) ||
         code == exit_code_of(Errc::lease) || code == kExitWarnings;
}

/// Sleeps until the next multiple of `every`; false where a signal came before.
bool wait_for_next(const Session& session, Micros every, const SignalWatch& signals) {
  const auto due = snap_down(session.clock().now(), every, 0) + every;
  constexpr Micros kStep = 50'000;
  while (signals.signal() == 0) {
    const auto left = due - session.clock().now();
    if (left <= 0) return true;
    std::this_thread::sleep_for(std::chrono::microseconds(std::min(left, kStep)));
  }
  return false;
}

int RunCommand::run(Session& session) {
  static_cast<void>(options());  // what is wrong with them is said before the file is read
  // The first thread, so that no other one gets the signals.
  const SignalWatch signals([&](const std::string& text) { session.print(text); });
  std::optional<Micros> every;
  int code = run_once(session, signals, every);
  while (follow_ && may_go_on(code) && wait_for_next(session, *every, signals)) {
    code = run_once(session, signals, every);
  }
  // A signal is how a service ends, in the middle of a run or between two.
  const bool ended_by_signal =
      signals.signal() != 0 && (may_go_on(code) || code > kLastOwnExitCode);
  return follow_ && ended_by_signal ? kExitOk : code;
}

/// Loads a stretch of event time again, whatever of it is committed.
class BackfillCommand final : public RunCommand {
 public:
  CommandSpec spec() override {
    CommandSpec spec{
        "backfill",
        "load windows again, whether they are committed or not",
        {"flowrun backfill pipeline.toml --from 2026-01-01 --until 2026-02-01",
         "flowrun backfill pipeline.toml --from \"now - 7d\" --until now --only ship=IMO9976903",
         "flowrun backfill pipeline.toml --from 2026-01-01 --until 2026-01-02 --dry-run"},
        {}};
    plan_.declare(spec.arguments);
    std::erase_if(spec.arguments,
                  [](const Argument& each) { return each.name.starts_with("--window-"); });
    spec.arguments.push_back(
        {"--from", "TIME", "the first event time; needed", &plan_.window_from});
    spec.arguments.push_back(
        {"--until", "TIME", "the end, exclusive; needed", &plan_.window_until});
    declare_rest(spec.arguments);
    return spec;
  }
  int run(Session& session) override {
    if (!plan_.window_from || !plan_.window_until) {
      throw Error(Errc::usage, "backfill wants both --from TIME and --until TIME");
    }
    full_ = true;
    return RunCommand::run(session);
  }
};

}  // namespace

std::unique_ptr<Command> make_backfill_command() { return std::make_unique<BackfillCommand>(); }

std::unique_ptr<Command> make_run_command() { return std::make_unique<RunCommand>(); }

}  // namespace flowrun::command
