#include "tools/flowrun/arguments.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <utility>

#include "engine/core/diagnostic.h"
#include "engine/core/error.h"
#include "engine/core/text_table.h"

namespace flowrun::command {
namespace {

constexpr std::size_t kMaxNameWidth = 30;

CLI::Option* declare(CLI::App& app, const Argument& argument) {
  return std::visit(
      [&](auto* target) -> CLI::Option* {
        using T = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_same_v<T, bool>) {
          return app.add_flag(argument.name, *target, argument.help);
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          // One value each time, so that the word after it is not swallowed.
          auto* option = app.add_option(argument.name, *target, argument.help);
          return argument.positional() ? option : option->expected(1)->take_all();
        } else {
          return app.add_option(argument.name, *target, argument.help);
        }
      },
      argument.into);
}

std::vector<std::string> all_options(const CommandSpec& spec) {
  std::vector<std::string> names{"--help"};
  for (const auto& argument : spec.arguments) {
    for (auto& name : argument.names()) {
      if (name.starts_with("--")) names.push_back(std::move(name));
    }
  }
  return names;
}

[[noreturn]] void report_extra(const CommandSpec& spec, const std::vector<std::string>& words,
                               const CLI::App& app) {
  const auto extra = app.remaining(false);
  const auto word = extra.empty() ? words.back() : extra.front();
  if (word.starts_with('-')) {
    const auto name = word.substr(0, word.find('='));
    const auto near = closest(name, all_options(spec));
    throw Error(Errc::usage, "{} has no option {}; {}", spec.name, name,
                near ? fmt::format("did you mean {}?", *near)
                     : fmt::format("flowrun {} --help lists them", spec.name));
  }
  throw Error(Errc::usage, "{} takes no further word \"{}\"; flowrun {} --help says what it takes",
              spec.name, word, spec.name);
}

/// CLI11's own messages begin with a capital and may end in a line break.
std::string tidy(std::string message) {
  while (!message.empty() && (message.back() == '\n' || message.back() == '.')) message.pop_back();
  std::replace(message.begin(), message.end(), '\n', ' ');
  return message;
}

void check_choice(const Argument& argument) {
  if (argument.choices.empty()) return;
  std::string value;
  if (const auto* text = std::get_if<std::string*>(&argument.into)) value = **text;
  if (const auto* text = std::get_if<std::optional<std::string>*>(&argument.into))
    value = (*text)->value_or("");
  if (value.empty() || std::find(argument.choices.begin(), argument.choices.end(), value) !=
                           argument.choices.end()) {
    return;
  }
  throw Error(Errc::usage, "{} cannot be \"{}\"; {}", argument.names().back(), value,
              suggest(value, argument.choices));
}

std::string left_side(const Argument& argument) {
  std::string left;
  for (const auto& name : argument.names()) left += (left.empty() ? "" : ", ") + name;
  if (left.starts_with("--")) left = "    " + left;
  if (!argument.value.empty()) left += " " + argument.value;
  return left;
}

void append_arguments(std::string& out, const CommandSpec& spec, bool positional) {
  for (const auto& argument : spec.arguments) {
    if (argument.positional() != positional) continue;
    const auto left = left_side(argument);
    const auto width = shown_width(left);
    out += "  " + left;
    out += width > kMaxNameWidth ? "\n" + std::string(kMaxNameWidth + 4, ' ')
                                 : std::string(kMaxNameWidth + 2 - width, ' ');
    out += argument.help;
    if (!argument.choices.empty()) {
      std::string choices;
      for (const auto& choice : argument.choices) choices += (choices.empty() ? "" : ", ") + choice;
      out += ": " + choices;
    }
    out += '\n';
  }
}

}  // namespace

std::vector<std::string> Argument::names() const {
  std::vector<std::string> names;
  std::size_t start = 0;
  while (start <= name.size()) {
    const auto end = std::min(name.find(',', start), name.size());
    names.push_back(name.substr(start, end - start));
    start = end + 1;
  }
  return names;
}

void parse_arguments(const CommandSpec& spec, const std::vector<std::string>& words) {
  CLI::App app;
  app.set_help_flag();
  for (const auto& argument : spec.arguments) {
    auto* option = declare(app, argument);
    if (argument.required) option->required();
  }
  // CLI11 takes the words from the back.
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ExtrasError&) {
    report_extra(spec, words, app);
  } catch (const CLI::ParseError& error) {
    throw Error(Errc::usage, "{}; flowrun {} --help says what it takes", tidy(error.what()),
                spec.name);
  }
  for (const auto& argument : spec.arguments) check_choice(argument);
}

std::string help_text(const CommandSpec& spec) {
  std::string out = fmt::format("flowrun {}: {}\n\nExamples:\n", spec.name, spec.summary);
  for (const auto& example : spec.examples) out += "  " + example + "\n";
  std::string usage = "flowrun " + spec.name;
  for (const auto& argument : spec.arguments) {
    if (argument.positional())
      usage += argument.required ? " " + argument.name : " [" + argument.name + "]";
  }
  out += "\nUsage: " + usage + " [OPTION…]\n";
  append_arguments(out, spec, true);
  out += "\nOptions:\n";
  append_arguments(out, spec, false);
  return out + "  -h, --help                      this text\n";
}

}  // namespace flowrun::command
