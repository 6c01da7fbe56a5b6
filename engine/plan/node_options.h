// A node's table, resolved: its type, its options with variables put in and connections merged, its
// inputs.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/plan/pipeline_file.h"
#include "engine/plan/plan.h"
#include "engine/plan/variables.h"

namespace flowrun {

/// `input = "by_system.engine"`, taken apart.
struct InputRef {
  std::string node;
  std::string port;  ///< "" for the main one
  SourceSpan span;
  SourceSpan port_span;
  std::optional<std::size_t> upstream;  ///< index of the node in file order, once wired
};

/// A sink that `after` names.
struct AfterRef {
  std::string sink;
  SourceSpan span;
};

/// A node whose table is checked and which is not bound yet.
struct NodeDraft {
  const NodeDecl* decl = nullptr;
  const NodeType* type = nullptr;  ///< null where it is unknown
  bool usable = false;             ///< the options are complete: it may be bound
  Options options;
  RejectLimits limits;
  std::optional<std::int64_t> memory;
  SourceSpan memory_span;
  std::vector<InputRef> inputs;
  std::vector<AfterRef> after;
  std::optional<OptionValue> cursor;  ///< the table as written, variables put in
  bool has_bad_input = false;         ///< an input is missing or unreadable, and that was reported
  std::set<std::string> variables;    ///< parameters and axes that its options name
  /// What a plan hash sees: every option in Form::unresolved where that differs, else as checked.
  std::vector<std::pair<std::string, std::string>> hashed_options;
  std::vector<std::pair<std::string, std::string>> shown_options;
};

/// Reads on_error, max_rejects and max_reject_ratio; `otherwise` where none of them is written.
[[nodiscard]] RejectLimits read_reject_limits(const Options& options, const RejectLimits& otherwise,
                                              const std::string& what, Diagnostics& diagnostics);

/// Resolves the nodes of one instance.
class NodeReader {
 public:
  NodeReader(const PipelineFile& file, const Registry& registry, Interpolator& variables,
             const RejectLimits& limits, const std::map<std::string, std::string>& source_paths,
             Diagnostics& diagnostics)
      : file_(file),
        registry_(registry),
        variables_(variables),
        limits_(limits),
        source_paths_(source_paths),
        diagnostics_(diagnostics) {}

  [[nodiscard]] NodeDraft read(const NodeDecl& decl);

  /// After the last node: reports keys of connections that no node takes, and connections nobody
  /// uses.
  void check_connections();

 private:
  struct Resolved {
    OptionValue value;
    OptionValue unresolved;
  };
  using ResolvedTable = std::vector<std::pair<std::string, Resolved>>;

  /// What `connection = "name"` stands for.
  struct Connection {
    std::string name;
    const OptionValue* table = nullptr;  ///< null where none is used, or it is bad
    bool good = true;                    ///< false after a diagnostic
  };

  const NodeType* read_type(const NodeDecl& decl, const OptionValue* connection);
  Connection read_connection(const NodeDecl& decl);
  ResolvedTable resolve(const NodeDecl& decl, const NodeType* type, const Connection& connection);
  Resolved resolve_option(const OptionValue& value, const OptionSpec* spec, NodeKind kind);
  void read_common(NodeDraft& draft, const ResolvedTable& table);
  void read_inputs(NodeDraft& draft, const OptionValue* one, const OptionValue* many);
  void read_own(NodeDraft& draft, const ResolvedTable& table, bool connection_good);

  const PipelineFile& file_;
  const Registry& registry_;
  Interpolator& variables_;
  RejectLimits limits_;
  const std::map<std::string, std::string>& source_paths_;
  Diagnostics& diagnostics_;
  /// Connections in use, each with the option names of the nodes that use it.
  std::map<std::string, std::set<std::string>> connection_options_;
  bool has_unknown_types_ = false;
  bool has_bad_connection_ = false;
};

}  // namespace flowrun
