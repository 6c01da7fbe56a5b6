// A pipeline file taken apart: its sections and its nodes, before anything is resolved.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/plan/grammar.h"

namespace flowrun {

/// One table of [sources], [transforms] or [sinks].
struct NodeDecl {
  std::string name;
  NodeKind kind = NodeKind::source;
  OptionValue table;  ///< always a table
  SourceSpan span;    ///< of the name

  /// `sink "engine"`, for messages.
  [[nodiscard]] std::string shown() const;
};

struct PipelineFile {
  std::shared_ptr<const SourceText> source;
  std::string directory;  ///< absolute
  OptionValue root;
  std::string name;
  std::vector<NodeDecl> nodes;  ///< in file order

  /// A table of the file; null where it is not written, or is no table (reported by read_pipeline).
  [[nodiscard]] const OptionValue* section(std::string_view section_name) const;
};

/// Reads a pipeline file: TOML, known top-level keys, nodes with names of their own. Nothing where
/// it is no TOML; all other problems are reported and left out of the result.
[[nodiscard]] std::optional<PipelineFile> read_pipeline(std::shared_ptr<const SourceText> source,
                                                        Diagnostics& diagnostics);

}  // namespace flowrun
