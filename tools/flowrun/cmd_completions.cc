// flowrun completions: the completion script of a shell, made from the tables of arguments.
#include <fmt/format.h>

#include "tools/flowrun/command.h"
#include "tools/flowrun/output.h"

namespace flowrun::command {
namespace {

class CompletionsCommand final : public Command {
 public:
  CommandSpec spec() override;
  int run(Session& session) override;

 private:
  std::string shell_;
};

CommandSpec CompletionsCommand::spec() {
  CommandSpec spec{"completions",
                   "the completion script of a shell",
                   {"flowrun completions bash > /etc/bash_completion.d/flowrun",
                    "flowrun completions zsh > ~/.zfunc/_flowrun",
                    "flowrun completions fish > ~/.config/fish/completions/flowrun.fish"},
                   {}};
  spec.arguments.push_back({"SHELL", "", "whose script", &shell_, {"bash", "zsh", "fish"}, true});
  common.declare(spec.arguments);
  return spec;
}

std::string command_names() {
  std::string names;
  for (const auto& entry : all_commands())
    names += fmt::format("{}{}", names.empty() ? "" : " ", entry.name);
  return names;
}

std::string options_of(const CommandSpec& spec) {
  std::string options = "--help";
  for (const auto& argument : spec.arguments) {
    if (!argument.positional()) options += " " + argument.names().back();
  }
  return options;
}

/// zsh runs the bash script through its own emulation.
std::string bash_script() {
  std::string cases;
  for (const auto& entry : all_commands()) {
    cases +=
        fmt::format("    {}) options=\"{}\" ;;\n", entry.name, options_of(entry.make()->spec()));
  }
  return fmt::format(R"(# completion of flowrun; made by `flowrun completions bash`
_flowrun() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} command=${{COMP_WORDS[1]}} options=
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W "{} --help --version" -- "$word") $(compgen -f -X '!*.toml' -- "$word") $(compgen -d -S / -- "$word"))
    return
  fi
  case $command in
{}    *) options="{}" ;;
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}}
complete -o filenames -F _flowrun flowrun
)",
                     command_names(), cases, options_of(make_run_command()->spec()));
}

/// Text inside single quotes of fish.
std::string shell_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish_script() {
  auto out = std::string("# completion of flowrun; made by `flowrun completions fish`\n");
  for (const auto& entry : all_commands()) {
    out += fmt::format("complete -c flowrun -n __fish_use_subcommand -a {} -d {}\n", entry.name,
                       shell_quoted(entry.summary));
    for (const auto& argument : entry.make()->spec().arguments) {
      if (argument.positional()) continue;
      std::string choices;
      for (const auto& choice : argument.choices) choices += (choices.empty() ? "" : " ") + choice;
      out += fmt::format(
          "complete -c flowrun -n '__fish_seen_subcommand_from {}' -l {}{}{} -d {}\n", entry.name,
          argument.names().back().substr(2), argument.takes_value() ? " -r" : "",
          choices.empty() ? "" : " -a " + shell_quoted(choices), shell_quoted(argument.help));
    }
  }
  return out;
}

int CompletionsCommand::run(Session&) {
  if (shell_ == "fish") {
    write_out(fish_script());
  } else if (shell_ == "zsh") {
    write_out("#compdef flowrun\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script());
  } else {
    write_out(bash_script());
  }
  return kExitOk;
}

}  // namespace

std::unique_ptr<Command> make_completions_command() {
  return std::make_unique<CompletionsCommand>();
}

}  // namespace flowrun::command
