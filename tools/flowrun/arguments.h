// What a command takes on the command line: declared once in a table, from which parsing, --help
// and completions are made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace flowrun::command {

/// Where the value of an argument goes. Flags go to bool; what may be absent to optional; what
/// repeats to vector.
using Target = std::variant<bool*, std::string*, std::optional<std::string>*,
                            std::optional<std::int64_t>*, std::vector<std::string>*>;

/// One argument: an option ("-o,--output") or a positional word ("FILE").
struct Argument {
  std::string name;
  std::string value;  ///< what --help calls its value ("PATH"); "" for flags and positional words
  std::string help;
  Target into;
  std::vector<std::string> choices = {};  ///< the only values that are allowed; empty: any
  bool required = false;

  [[nodiscard]] bool positional() const { return !name.starts_with('-'); }
  [[nodiscard]] bool takes_value() const { return !std::holds_alternative<bool*>(into); }
  /// "-o" and "--output".
  [[nodiscard]] std::vector<std::string> names() const;
};

/// What --help says of a command and how its words are read.
struct CommandSpec {
  std::string name;
  std::string summary;                ///< one line, no full stop
  std::vector<std::string> examples;  ///< "flowrun graph pipeline.toml  # what it does"
  std::vector<Argument> arguments;
};

/// Reads `words` (without the program's and the command's name) into the targets of `spec`. Throws
/// Error(usage) where they cannot be read; a mistyped option is named with the closest one.
void parse_arguments(const CommandSpec& spec, const std::vector<std::string>& words);

/// The text of `flowrun COMMAND --help`: examples first.
[[nodiscard]] std::string help_text(const CommandSpec& spec);

}  // namespace flowrun::command
