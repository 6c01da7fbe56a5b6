// A command of the command line, and the list of them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/flowrun/arguments.h"
#include "tools/flowrun/session.h"

namespace flowrun::command {

/// One command. spec() points into the object, which therefore must not move.
class Command {
 public:
  Command() = default;
  virtual ~Command() = default;
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  [[nodiscard]] virtual CommandSpec spec() = 0;
  /// Does it, after its arguments were read; returns the exit code. Throws Error.
  [[nodiscard]] virtual int run(Session& session) = 0;

  CommonArguments common;  ///< part of every spec()
};

[[nodiscard]] std::unique_ptr<Command> make_run_command();
[[nodiscard]] std::unique_ptr<Command> make_backfill_command();
[[nodiscard]] std::unique_ptr<Command> make_validate_command();
[[nodiscard]] std::unique_ptr<Command> make_plan_command();
[[nodiscard]] std::unique_ptr<Command> make_preview_command();
[[nodiscard]] std::unique_ptr<Command> make_test_command();
[[nodiscard]] std::unique_ptr<Command> make_graph_command();
[[nodiscard]] std::unique_ptr<Command> make_runs_command();
[[nodiscard]] std::unique_ptr<Command> make_rejects_command();
[[nodiscard]] std::unique_ptr<Command> make_logs_command();
[[nodiscard]] std::unique_ptr<Command> make_state_command();
[[nodiscard]] std::unique_ptr<Command> make_compare_command();
[[nodiscard]] std::unique_ptr<Command> make_doctor_command();
[[nodiscard]] std::unique_ptr<Command> make_nodes_command();
[[nodiscard]] std::unique_ptr<Command> make_completions_command();

struct CommandEntry {
  const char* name;
  const char* summary;
  std::unique_ptr<Command> (*make)();
};

/// All commands, in the order of --help.
[[nodiscard]] const std::vector<CommandEntry>& all_commands();

/// True where a word that may be something else most likely names a pipeline file.
[[nodiscard]] bool is_file_name(const std::string& word);

/// What `flowrun` was asked: a command and the words for it.
struct Invocation {
  const CommandEntry* command = nullptr;  ///< null: `help` or `version` is asked for
  bool help = false;                      ///< of the command, or of flowrun itself
  bool version = false;
  std::vector<std::string> words;
};

/// Chooses the command before anything is parsed: the first word that is neither an option nor an
/// option's value names it, or is a pipeline file, which is run. Throws Error(usage) for a word
/// that is neither, with a suggestion.
[[nodiscard]] Invocation choose_command(const std::vector<std::string>& words);

/// The text of `flowrun --help`: examples first.
[[nodiscard]] std::string general_help();

}  // namespace flowrun::command
