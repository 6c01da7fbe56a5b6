// flowrun logs: what a run wrote into its log file.
#include <fstream>

#include "engine/core/error.h"
#include "engine/observe/log_file.h"
#include "tools/flowrun/command.h"
#include "tools/flowrun/journal_choice.h"
#include "tools/flowrun/output.h"

namespace flowrun::command {
namespace {

class LogsCommand final : public Command {
 public:
  CommandSpec spec() override;
  int run(Session& session) override;

 private:
  std::string run_;
  JournalArguments journal_;
  bool problems_ = false;
};

CommandSpec LogsCommand::spec() {
  CommandSpec spec{"logs",
                   "what a run wrote into its log file",
                   {"flowrun logs last pipeline.toml             of the latest run",
                    "flowrun logs 20261121T131500-4f2a pipeline.toml",
                    "flowrun logs last pipeline.toml --problems   warnings and errors only"},
                   {}};
  spec.arguments.push_back(
      {"RUN", "", "the run's id, its beginning or end, or \"last\"", &run_, {}, true});
  journal_.declare(spec.arguments);
  spec.arguments.push_back({"--problems", "", "only warnings and errors", &problems_});
  common.declare(spec.arguments);
  return spec;
}

/// The words of a line: moment, run, level.
bool is_wanted(std::string_view line, const std::string& run, bool problems) {
  const auto first = line.find(' ');
  if (first == std::string_view::npos) return false;
  const auto rest = line.substr(first + 1);
  if (!rest.starts_with(run + " ")) return false;
  const auto level = rest.substr(run.size() + 1);
  return !problems || level.starts_with("warning ") || level.starts_with("error ");
}

int LogsCommand::run(Session& session) {
  const auto chosen = journal_.open(session);
  const auto run = find_run(chosen, run_);
  const auto path = log_path(chosen.log_folder, run.start.pipeline, run.start.instance);
  const auto files = chosen.log_folder.empty() ? std::vector<std::string>() : log_files(path);
  if (files.empty()) throw Error(Errc::usage, "there is no log file {}", path);
  std::int64_t lines = 0;
  for (const auto& name : files) {
    std::ifstream file(name);
    for (std::string line; std::getline(file, line);) {
      if (!is_wanted(line, run.id, problems_)) continue;
      write_out(line + "\n");
      ++lines;
    }
  }
  if (lines == 0) {
    session.print("run " + run.id + " has " + (problems_ ? "no problems" : "no lines") + " in " +
                  path + "\n");
  }
  return kExitOk;
}

}  // namespace

std::unique_ptr<Command> make_logs_command() { return std::make_unique<LogsCommand>(); }

}  // namespace flowrun::command
