#include "tools/flowrun/node_reference.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "engine/core/text_table.h"
#include "engine/plan/grammar.h"

namespace flowrun::command {
namespace {

constexpr std::array<NodeKind, 3> kKinds{NodeKind::source, NodeKind::transform, NodeKind::sink};

std::string bold(std::string_view text, bool color) {
  return color ? fmt::format("\x1b[1m{}\x1b[0m", text) : std::string(text);
}

/// "required", the default, or "".
std::string default_of(const OptionSpec& option) {
  if (option.required) return "required";
  return option.fallback;
}

std::string heading_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::source:
      return "Sources";
    case NodeKind::transform:
      return "Transforms";
    case NodeKind::sink:
      return "Sinks";
  }
  return "";
}

/// Text inside a cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string code(std::string_view text) {
  return text.empty() ? "" : fmt::format("`{}`", cell(text));
}

std::string option_table(const std::vector<OptionSpec>& options) {
  std::string out = "| option | value | default | |\n|---|---|---|---|\n";
  for (const auto& option : options) {
    out += fmt::format(
        "| `{}` | {} | {} | {}{} |\n", option.name, cell(value_kind(option)),
        option.required ? "**required**" : code(option.fallback), cell(option.help),
        option.example.empty() ? "" : fmt::format(" Example: {}.", code(option.example)));
  }
  return out;
}

std::string trimmed(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string node_markdown(const NodeSpec& spec) {
  auto out = fmt::format("### {} `{}`\n\n{}\n", to_string(spec.kind), spec.name, spec.summary);
  if (!spec.notes.empty()) out += fmt::format("\n{}\n", trimmed(spec.notes));
  if (!spec.options.empty()) out += fmt::format("\n{}", option_table(spec.options));
  if (!spec.example.empty()) out += fmt::format("\n```toml\n{}\n```\n", trimmed(spec.example));
  return out;
}

std::string indented(const std::string& text) {
  std::string out = "  ";
  for (const char c : trimmed(text)) {
    out += c;
    if (c == '\n') out += "  ";
  }
  return out + "\n";
}

}  // namespace

std::string value_kind(const OptionSpec& option) {
  switch (option.kind) {
    case OptionKind::text:
      return "text";
    case OptionKind::path:
      return "path";
    case OptionKind::integer:
      return "whole number";
    case OptionKind::number:
      return "number";
    case OptionKind::boolean:
      return "true or false";
    case OptionKind::duration:
      return "duration";
    case OptionKind::size:
      return "size";
    case OptionKind::names:
      return "name or list of names";
    case OptionKind::column:
      return "column of the input";
    case OptionKind::columns:
      return "column of the input, or a list";
    case OptionKind::types:
      return "table: column = type";
    case OptionKind::renames:
      return "table: name = name";
    case OptionKind::expression:
      return "expression";
    case OptionKind::query:
      return "query";
    case OptionKind::expressions:
      return "table: name = expression";
    case OptionKind::targets:
      return "expression, or a list, each perhaps `… as name`";
    case OptionKind::any:
      return option.shape;
    case OptionKind::choice:
      break;
  }
  std::string words;
  for (const auto& choice : option.choices) words += (words.empty() ? "" : ", ") + choice;
  return words;
}

std::string node_list(const Registry& registry, bool color) {
  TextTable table;
  table.column("kind").column("type").column("what it does");
  for (const auto kind : kKinds) {
    for (const auto& name : registry.names(kind)) {
      table.row({to_string(kind), name, registry.find(kind, name)->spec.summary});
    }
  }
  return table.render(color);
}

std::string node_text(const NodeSpec& spec, bool color) {
  auto out = bold(fmt::format("{} {}", to_string(spec.kind), spec.name), color) + "\n";
  out += indented(spec.summary);
  if (!spec.notes.empty()) out += fmt::format("\n{}", indented(spec.notes));
  TextTable table;
  table.column("option").column("value").column("default").column("");
  const auto add = [&](const std::vector<OptionSpec>& options) {
    for (const auto& option : options) {
      table.row({option.name, value_kind(option), default_of(option), option.help});
    }
  };
  add(spec.options);
  add(common_options(spec.kind, spec.many_inputs));
  out += fmt::format("\n{}", table.render(color, 2));
  if (!spec.example.empty())
    out += fmt::format("\n{}\n{}", bold("example", color), indented(spec.example));
  return out;
}

std::string reference_markdown(const Registry& registry) {
  std::string out =
      "# Reference of pipeline files\n\n"
      "Made by `flowrun nodes --markdown` from the option tables in the code; change those, not "
      "this page.\n"
      "`flowrun nodes NAME` shows the same in a terminal, `schemas/pipeline.schema.json` gives it "
      "to editors.\n\n"
      "Durations are written `\"2h\"`, `\"15m\"`, `\"1h30m\"`; sizes `\"256 MiB\"`; times as in "
      "RFC 3339 or relative\n"
      "(`\"now - 365d\"`). Types are `bool`, `int64`, `float64`, `decimal(p,s)`, `string`, `date`, "
      "`timestamp`,\n"
      "`timestamptz` and `bytes`. Every node also has a port `NAME.rejected` with the rows that it "
      "cannot take.\n";
  for (const auto kind : kKinds) {
    out += fmt::format("\n## {}\n\nWritten as `[{}.NAME]`. Options that all of them have:\n\n{}",
                       heading_of(kind), table_of(kind), option_table(common_options(kind, false)));
    if (kind == NodeKind::source) {
      out += fmt::format("\nThe table `cursor`: {}\n\n{}", cursor_section().help,
                         option_table(cursor_section().options));
    }
    for (const auto& name : registry.names(kind)) {
      out += fmt::format("\n{}", node_markdown(registry.find(kind, name)->spec));
    }
  }
  out += "\n## Beside the nodes\n";
  for (const auto* section :
       {&window_section(), &param_section(), &rejects_section(), &limits_section(),
        &retry_section(), &schedule_section(),
                              &logs_section(), &state_section()}) {
    out += fmt::format("\n### `[{}]`\n\n{}\n\n{}", section->name, section->help,
                       option_table(section->options));
  }
  out += fmt::format("\n### `[[test]]`\n\n{}\n\n{}\n{}\n\n{}", test_section().help,
                     option_table(test_section().options), test_rows_section().help,
                     option_table(test_rows_section().options));
  return out;
}

}  // namespace flowrun::command
