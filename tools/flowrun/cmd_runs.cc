// flowrun runs: what ran, and how it ended.
#include <utility>

#include "engine/core/error.h"
#include "engine/core/text_table.h"
#include "engine/core/time.h"
#include "tools/flowrun/check_report.h"
#include "tools/flowrun/command.h"
#include "tools/flowrun/journal_choice.h"
#include "tools/flowrun/output.h"

namespace flowrun::command {
namespace {

class RunsCommand final : public Command {
 public:
  CommandSpec spec() override;
  int run(Session& session) override;

 private:
  int show_runs(Session& session);
  int show_run(Session& session);
  [[nodiscard]] std::string as_json(const std::vector<RunRecord>& runs,
                                    const std::vector<StoredCheck>* checks) const;

  std::optional<std::string> run_;
  JournalArguments journal_;
  std::optional<std::string> instance_;
  std::optional<std::int64_t> limit_;
  bool json_ = false;
};

CommandSpec RunsCommand::spec() {
  CommandSpec spec{"runs",
                   "what ran, and how it ended; newest first",
                   {"flowrun runs                     of the journal in this folder",
                    "flowrun runs pipeline.toml       of one pipeline",
                    "flowrun runs last pipeline.toml  one run, and how its checks came out",
                    "flowrun runs --state postgresql://me@db/etl   of a journal on a server",
                    "flowrun runs pipeline.toml --limit 1 --json | jq -r '.runs[0].state'"},
                   {}};
  spec.arguments.push_back(
      {"RUN", "", "one run: its id, the beginning or end of it, or \"last\"", &run_});
  journal_.declare(spec.arguments);
  spec.arguments.push_back({"--instance", "NAME", "only this instance of a matrix", &instance_});
  spec.arguments.push_back({"--limit", "N", "at most N runs (100), or units of a run", &limit_});
  spec.arguments.push_back({"--json", "", "print one JSON record on stdout", &json_});
  common.declare(spec.arguments);
  return spec;
}

/// The time of day matters here, fractions of a second do not.
std::string moment(Micros at) { return at == 0 ? "" : format_timestamptz(snap_down(at, kSecond)); }

std::string as_table(const std::vector<RunRecord>& runs, bool color) {
  TextTable table;
  table.column("run").column("pipeline").column("instance").column("state").column("started");
  table.column("took", TextTable::Align::right).column("committed until").column("reason");
  constexpr std::size_t kReasonWidth = 60;
  for (const auto& run : runs) {
    const double seconds =
        static_cast<double>(run.ended - run.started) / static_cast<double>(kSecond);
    table.row({run.id, run.start.pipeline, run.start.instance, to_string(run.state),
               moment(run.started), run.ended == 0 ? "" : format_elapsed(seconds),
               run.watermark ? format_timestamp(*run.watermark) : "",
               one_line(run.reason, kReasonWidth)});
  }
  table.drop_empty_columns();
  return table.render(color);
}

std::string RunsCommand::as_json(const std::vector<RunRecord>& runs,
                                 const std::vector<StoredCheck>* checks) const {
  JsonWriter json;
  begin_record(json, "flowrun.runs/1", journal_.file.value_or(""));
  json.key("runs").begin_array();
  for (const auto& run : runs) {
    json.begin_object()
        .field("run", run.id)
        .field("pipeline", run.start.pipeline)
        .field("instance", run.start.instance)
        .field("file", run.start.path)
        .field("state", to_string(run.state))
        .field("reason", run.reason)
        .field("started", format_timestamptz(run.started))
        .field("ended", run.ended == 0 ? "" : format_timestamptz(run.ended))
        .field("heartbeat", run.heartbeat == 0 ? "" : format_timestamptz(run.heartbeat))
        .field("watermark", run.watermark ? format_timestamptz(*run.watermark) : "")
        .field("plan_hash", run.start.plan_hash)
        .field("host", run.host)
        .field("pid", run.pid);
    json.key("totals").raw(run.totals.empty() ? "null" : run.totals).end_object();
  }
  json.end_array();
  if (checks != nullptr) write_checks(json, *checks);
  json.end_object();
  return json.str() + "\n";
}

int RunsCommand::show_runs(Session& session) {
  const auto chosen = journal_.open(session);
  std::vector<RunRecord> runs;
  if (chosen.journal) {
    RunFilter filter;
    filter.pipeline = chosen.pipeline;
    filter.instance = instance_;
    if (limit_) filter.limit = *limit_;
    runs = chosen.journal->runs(filter);
  }
  if (json_) {
    write_out(as_json(runs, nullptr));
  } else if (runs.empty()) {
    session.print(fmt::format("no runs are recorded in {}\n", chosen.place));
  } else {
    write_out(as_table(runs, session.color_out()));
  }
  return kExitOk;
}

int RunsCommand::show_run(Session& session) {
  constexpr std::int64_t kDefaultLimit = 100;
  const auto chosen = journal_.open(session);
  const auto run = find_run(chosen, *run_);
  const auto checks = chosen.journal->checks(run.id);
  if (json_) {
    write_out(as_json({run}, &checks));
    return kExitOk;
  }
  write_out(as_table({run}, session.color_out()));
  const auto tables = check_tables(checks, limit_.value_or(kDefaultLimit), session.color_out());
  if (!tables.empty()) {
    write_out(fmt::format("\n{}", tables));
  } else if (!session.quiet()) {
    session.print("it made no checks\n");
  }
  return kExitOk;
}

int RunsCommand::run(Session& session) {
  if (limit_ && *limit_ < 1)
    throw Error(Errc::usage, "--limit wants a number of runs, not {}", *limit_);
  // The only word may be either.
  if (run_ && !journal_.file && (is_file_name(*run_) || run_->ends_with(".db"))) {
    journal_.file = std::exchange(run_, std::nullopt);
  }
  return run_ ? show_run(session) : show_runs(session);
}

}  // namespace

std::unique_ptr<Command> make_runs_command() { return std::make_unique<RunsCommand>(); }

}  // namespace flowrun::command
