// The reference of node types, made from their specs: for the terminal and as a Markdown page.
#pragma once

#include <string>

#include "engine/spec/node_type.h"

namespace flowrun::command {

/// What an option's value may be, in words: "a duration such as \"2h\"", "one of: a, b".
[[nodiscard]] std::string value_kind(const OptionSpec& option);

/// One line per node type, by kind.
[[nodiscard]] std::string node_list(const Registry& registry, bool color);

/// Everything about one node type.
[[nodiscard]] std::string node_text(const NodeSpec& spec, bool color);

/// The page nodes/REFERENCE.md: all of them.
[[nodiscard]] std::string reference_markdown(const Registry& registry);

}  // namespace flowrun::command
