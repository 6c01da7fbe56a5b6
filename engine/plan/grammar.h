// The option tables of everything in a pipeline file that is not a node: read by the planner and by
// the JSON Schema of the format.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/spec/node_type.h"

namespace flowrun {

/// A table of the pipeline file with fixed keys, such as [window].
struct SectionSpec {
  std::string name;
  std::string help;
  std::vector<OptionSpec> options;
  std::vector<std::string> later;  ///< keys of later releases: known, not supported yet
};

[[nodiscard]] const SectionSpec& window_section();
[[nodiscard]] const SectionSpec& state_section();
[[nodiscard]] const SectionSpec& retry_section();
[[nodiscard]] const SectionSpec& rejects_section();
[[nodiscard]] const SectionSpec& limits_section();
[[nodiscard]] const SectionSpec& schedule_section();
[[nodiscard]] const SectionSpec& logs_section();
/// `cursor` of a source.
[[nodiscard]] const SectionSpec& cursor_section();
/// One [[test]], and one table of rows in it.
[[nodiscard]] const SectionSpec& test_section();
[[nodiscard]] const SectionSpec& test_rows_section();
/// One entry of [params], written as a table.
[[nodiscard]] const SectionSpec& param_section();

/// The types that a parameter may have.
[[nodiscard]] const std::vector<std::string>& param_types();

/// Options that every node of a kind has beside its own; `many_inputs` as in NodeSpec.
[[nodiscard]] std::vector<OptionSpec> common_options(NodeKind kind, bool many_inputs);

/// Top-level keys: those of this release, and those of later ones.
[[nodiscard]] const std::vector<std::string>& top_level_keys();
[[nodiscard]] const std::vector<std::string>& later_top_level_keys();

/// "sources", "transforms", "sinks".
[[nodiscard]] std::string_view table_of(NodeKind kind);

/// True where `name` may name a node, a parameter, an axis or a pipeline: not empty, and without
/// white space, control characters and any of . / \ " ' $ { } = ,
[[nodiscard]] bool is_name(std::string_view name);
inline constexpr std::string_view kNameRule =
    "names have no spaces and none of . / \\ \" ' $ { } = ,";

}  // namespace flowrun
