// What a kind of node is: its option table, its ports, and how it is bound to its input.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/clock.h"
#include "engine/data/schema.h"
#include "engine/spec/node.h"
#include "engine/spec/option.h"

namespace flowrun {

enum class NodeKind { source, transform, sink };
[[nodiscard]] const char* to_string(NodeKind kind);

/// The name of the port that every node has beside its own.
inline constexpr std::string_view kRejected = "rejected";

/// The table from which parsing, lint, `flowrun nodes`, the reference pages and the JSON Schema are
/// made.
struct NodeSpec {
  std::string name;  ///< what `type = "…"` says
  NodeKind kind = NodeKind::transform;
  std::string summary;  ///< one sentence
  std::string notes;  ///< what else a person must know: schemas in and out, units, limits; Markdown
  std::vector<OptionSpec> options;
  bool many_inputs = false;  ///< `inputs = […]` allowed; all must then have the same schema
  std::string example;       ///< a whole table in TOML, checked by a test
};

/// An output port of a bound node. Its name is "" for the main port.
struct Port {
  std::string name;
  SchemaRef schema;
  /// For each column, the input column whose values it carries unchanged, if any. Shows at plan
  /// time what a sink's key is made of. Empty: nothing is known.
  std::vector<std::optional<std::size_t>> unchanged_from;
  /// For each column, whether a null says "nothing arrived" rather than "the value is null": so for
  /// columns that a pivot makes. Empty: none. The planner carries it along `unchanged_from`.
  std::vector<bool> sparse;
  bool optional = false;  ///< nobody need take its rows
};

/// A port through which every column of the input goes as it is.
[[nodiscard]] Port unchanged_port(const SchemaRef& input, std::string name = {});

/// The target of sinks that write to stdout.
inline constexpr std::string_view kStdoutTarget = "stdout";

/// What the planner must know of a sink.
struct SinkFacts {
  std::string target;          ///< what it writes, for coverage and against two sinks on one target
  std::string mode;            ///< "append", "upsert", …
  bool idempotent = false;     ///< a unit may be loaded again
  bool keeps_coverage = true;  ///< false for sinks that keep nothing (null, stdout)
  bool file_per_unit = false;  ///< the path names ${window}
  /// Columns of the input that identify a row in the target (upsert, insert_new).
  std::vector<std::string> key;
  bool replaces_by_unit = false;  ///< replace of a window or a file per unit
  bool whole_table = false;       ///< replace of everything at the end of the run
  std::string transaction;        ///< sinks with the same one share a transaction; "" for none
  bool versioned =
      false;  ///< older rows never overwrite newer ones, in whatever order units commit
};

/// A node bound to its input: immutable, the planner keeps it in the Plan. Exactly one factory is
/// set, according to the kind of the node (a transform sets make_transform or make_accumulator).
/// Factories do no I/O and may be called many times.
struct Binding {
  std::vector<Port> outputs;
  std::function<std::unique_ptr<Source>()> make_source;
  std::function<std::unique_ptr<Transform>()> make_transform;
  std::function<std::unique_ptr<Accumulator>(std::int64_t memory_limit)> make_accumulator;
  std::function<std::unique_ptr<Sink>()> make_sink;
  /// Sinks whose target can be read back: makes a source of what the target holds in the columns of
  /// a schema, for `flowrun compare`.
  std::function<std::unique_ptr<Source>(const SchemaRef&)> make_target_source;
  SinkFacts sink;            ///< sinks only
  bool ordered = true;       ///< sources: rows have an order of their own
  bool needs_order = false;  ///< operators: results depend on it (`keep` without `order_by`)
  bool whole_rows = false;   ///< accumulators: emits its input rows unchanged (dedup)
  std::string content_hash;  ///< of side files and whatever else beside the options changes rows
  std::vector<std::string>
      notes;  ///< shown by plan and graph ("schema inferred from 1,000 rows: …")
};

/// Services for binding: side files, paths, the moment, and a place for problems. One thread.
class BindContext {
 public:
  virtual ~BindContext() = default;
  /// The pipeline's name ("ship_telemetry").
  [[nodiscard]] virtual const std::string& pipeline() const = 0;
  /// The node's name in the pipeline ("by_system").
  [[nodiscard]] virtual const std::string& node() const = 0;
  [[nodiscard]] virtual const Options& options() const = 0;
  /// Schemas of the inputs, in the order of `inputs`; empty for sources.
  [[nodiscard]] virtual const std::vector<SchemaRef>& inputs() const = 0;
  /// The only (first) input.
  [[nodiscard]] const Schema& input() const { return *inputs().front(); }
  [[nodiscard]] const SchemaRef& input_ref() const { return inputs().front(); }

  /// A path of the pipeline file made absolute against the pipeline file's folder; "-" stays.
  [[nodiscard]] virtual std::string resolve(std::string_view path) const = 0;
  /// The text of a side file (routes, schemas); a diagnostic at `option` and nothing where it
  /// cannot be read.
  [[nodiscard]] virtual std::optional<std::string> read_file(std::string_view option,
                                                             const std::string& path) = 0;
  /// The column that windows are made of; "" without [window].
  [[nodiscard]] virtual const std::string& window_column() const = 0;
  /// Port::sparse of the (first) input; empty: none.
  [[nodiscard]] virtual std::vector<bool> sparse() const { return {}; }
  /// True where the node comes `after` a sink: what it reads may not be there yet, or be another
  /// then.
  [[nodiscard]] virtual bool waits() const { return false; }
  /// True where nothing beyond this machine may be asked.
  [[nodiscard]] virtual bool offline() const = 0;
  [[nodiscard]] virtual Micros now() const = 0;
  /// Values frozen by an earlier run of this pipeline (columns that a pivot discovered), by name;
  /// and the place to freeze them. `freeze` takes effect when a run starts, not before.
  [[nodiscard]] virtual std::optional<std::string> frozen(const std::string& name) const = 0;
  virtual void freeze(const std::string& name, const std::string& value) = 0;
  /// Reads up to `rows` rows of what arrives at this node's input by running everything upstream of
  /// it at plan time (all of the input where `rows` is absent), batch by batch. Nothing is written
  /// anywhere. A diagnostic at the node and false where that fails.
  [[nodiscard]] virtual bool scan_input(std::optional<std::int64_t> rows,
                                        const std::function<void(const Batch&)>& visit) = 0;

  /// Where bytes [offset, offset + length) of a string value stand in the pipeline file.
  [[nodiscard]] virtual SourceSpan inside(const OptionValue& value, std::size_t /*offset*/,
                                          std::size_t /*length*/) const {
    return value.span;
  }

  /// Reports a problem at an option (at the node, where it was not written).
  void error(std::string_view option, std::string code, std::string message, std::string hint = {});
  void error_at(const SourceSpan& span, std::string code, std::string message,
                std::string hint = {});
  void warning(std::string_view option, std::string code, std::string message,
               std::string hint = {});
  [[nodiscard]] virtual Diagnostics& diagnostics() = 0;
};

/// Binds a node: checks what the option table cannot say and returns ports and factories. After an
/// error was reported the result is not used, except for `outputs`, which lets nodes downstream be
/// checked all the same (leave it empty where nothing sensible can be said).
using Bind = Binding (*)(BindContext& context);

struct NodeType {
  NodeSpec spec;
  Bind bind = nullptr;
};

/// The known node types. Immutable once made.
class Registry {
 public:
  explicit Registry(std::vector<NodeType> types);
  [[nodiscard]] const NodeType* find(NodeKind kind, std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names(NodeKind kind) const;
  [[nodiscard]] const std::vector<NodeType>& all() const { return types_; }

 private:
  std::vector<NodeType> types_;
};

}  // namespace flowrun
