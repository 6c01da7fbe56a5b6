#include "tools/flowrun/command.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "engine/core/diagnostic.h"
#include "engine/core/error.h"

namespace flowrun::command {
namespace {

const CommandEntry* find_command(const std::string& word) {
  const auto& commands = all_commands();
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const CommandEntry& each) { return word == each.name; });
  return found == commands.end() ? nullptr : &*found;
}

/// The options, of whatever command, that are followed by a value.
std::set<std::string> options_with_value() {
  std::set<std::string> names;
  for (const auto& entry : all_commands()) {
    const auto command = entry.make();
    for (const auto& argument : command->spec().arguments) {
      if (argument.positional() || !argument.takes_value()) continue;
      for (auto& name : argument.names()) names.insert(std::move(name));
    }
  }
  return names;
}

/// The place of the first word that is neither an option nor the value of one; words.size() where
/// there is none.
std::size_t first_word(const std::vector<std::string>& words) {
  if (words.empty() || !words.front().starts_with('-') || words.front() == "-") return 0;
  const auto with_value = options_with_value();
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--") return std::min(i + 1, words.size());
    if (!words[i].starts_with('-') || words[i] == "-") return i;
    if (with_value.contains(words[i])) ++i;
  }
  return words.size();
}

[[noreturn]] void report_unknown(const std::string& word) {
  std::vector<std::string> names{"help"};
  for (const auto& entry : all_commands()) names.emplace_back(entry.name);
  const auto near = closest(word, names);
  throw Error(
      Errc::usage, "there is no command \"{}\", nor a pipeline file of that name; {}", word,
      near ? fmt::format("did you mean \"{}\"?", *near) : "flowrun --help lists the commands");
}

bool contains(const std::vector<std::string>& words, const char* a, const char* b) {
  return std::find_if(words.begin(), words.end(),
                      [&](const auto& word) { return word == a || word == b; }) != words.end();
}

}  // namespace

bool is_file_name(const std::string& word) {
  std::error_code ignored;
  return word == "-" || word.ends_with(".toml") || word.find('/') != std::string::npos ||
         std::filesystem::is_regular_file(word, ignored);
}

const std::vector<CommandEntry>& all_commands() {
  static const std::vector<CommandEntry> kCommands{
      {"run", "run a pipeline (also: flowrun FILE)", make_run_command},
      {"backfill", "load windows again, whether they are committed or not", make_backfill_command},
      {"validate", "check a pipeline file, touch nothing", make_validate_command},
      {"plan", "what a run would do: units, tables, destructive steps", make_plan_command},
      {"preview", "the first rows that leave a node", make_preview_command},
      {"test", "run the tests of a pipeline file", make_test_command},
      {"graph", "draw a pipeline as dot, mermaid, json or svg", make_graph_command},
      {"runs", "what ran, and how it ended", make_runs_command},
      {"rejects", "the rows that a run could not take, and why", make_rejects_command},
      {"logs", "what a run wrote into its log file", make_logs_command},
      {"state", "how far a pipeline has come: windows, loads, cursors", make_state_command},
      {"compare", "what would be loaded beside what the targets hold, window by window",
       make_compare_command},
      {"doctor", "is everything there that a pipeline needs? touches nothing", make_doctor_command},
      {"nodes", "the node types and their options", make_nodes_command},
      {"completions", "the completion script of a shell", make_completions_command},
  };
  return kCommands;
}

Invocation choose_command(const std::vector<std::string>& words) {
  Invocation asked;
  const auto at = first_word(words);
  asked.words = words;
  if (at >= words.size()) {
    asked.help = words.empty() || contains(words, "-h", "--help");
    asked.version = contains(words, "-V", "--version");
    if (!asked.help && !asked.version)
      throw Error(Errc::usage, "no pipeline file is named; flowrun --help shows examples");
    return asked;
  }
  const auto& word = words[at];
  asked.command = find_command(word);
  if (asked.command != nullptr || word == "help") {
    asked.words.erase(asked.words.begin() + static_cast<std::ptrdiff_t>(at));
  } else if (is_file_name(word)) {
    asked.command = find_command("run");
  } else {
    report_unknown(word);
  }
  if (word == "help" && !asked.words.empty()) {
    asked.command = find_command(asked.words.front());
    if (asked.command == nullptr) report_unknown(asked.words.front());
  }
  asked.help = word == "help" || contains(asked.words, "-h", "--help");
  return asked;
}

std::string general_help() {
  std::string out =
      "flowrun runs data pipelines that are written in one TOML file.\n"
      "\nExamples:\n"
      "  flowrun pipeline.toml                         run it; again: only what is new\n"
      "  flowrun validate pipeline.toml                check it, touch nothing\n"
      "  flowrun plan pipeline.toml                    what a run would do\n"
      "  flowrun preview pipeline.toml by_system.engine  the first rows that leave a port\n"
      "  flowrun graph pipeline.toml --format svg -o graph.svg\n"
      "  flowrun runs pipeline.toml                    what ran\n"
      "  flowrun rejects RUN                           the rows that it could not take\n"
      "  flowrun nodes csv                             what a node type can do\n"
      "\nCommands:\n";
  for (const auto& entry : all_commands())
    out += fmt::format("  {:<12}  {}\n", entry.name, entry.summary);
  out +=
      "\nflowrun COMMAND --help tells more; --version says which flowrun this is.\n"
      "Exit codes: 0 ok, 1 the run failed, 2 the command line or the pipeline is wrong, 3 a check "
      "of severity\n"
      "error does not hold, 4 warnings under --warn-error, 70 a bug of flowrun, 75 somebody else "
      "runs this\n"
      "pipeline, 130 or 143 stopped by a signal.\n";
  return out;
}

}  // namespace flowrun::command
