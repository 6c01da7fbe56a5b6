// The immutable result of planning a pipeline file: what validate, graph, plan, preview, test and
// run all use.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/plan/test_spec.h"
#include "engine/spec/node_type.h"

namespace flowrun {

/// What happens to rejects that no sink takes, and to late rows.
enum class OnError { fail, skip };
enum class LatePolicy { reject, skip, fail };

/// Judged before anything of a unit commits; -1: no limit.
struct RejectLimits {
  OnError on_error = OnError::fail;
  std::int64_t max_rejects = -1;
  double max_reject_ratio = -1;
};

/// `[window]`, resolved: which rows a window is.
struct WindowSpec {
  std::string column;
  Micros every = 0;
  Micros align = 0;             ///< a moment that is the start of a cell; the grid's phase
  std::optional<Micros> from;   ///< snapped down to the grid
  std::optional<Micros> until;  ///< exclusive; snapped down
  std::optional<Micros>
      lateness;  ///< how far a file's rows may be out of order; absent: all of the input
  std::int64_t in_flight = 4;  ///< windows of a source that reads ranges
  Micros max_ahead = kHour;    ///< beyond now + max_ahead a row is a reject
  LatePolicy late = LatePolicy::reject;
  std::string bounds_as_written;  ///< hashed instead of resolved relative bounds
  /// Loads go on where the last one stopped, and begin at `from` where nothing was loaded yet: the
  /// pipeline's origin, noted when it first runs.
  bool from_watermark = false;
  /// The pipeline whose origin is the end, to the microsecond, once it has one; `until` until then.
  std::string until_origin;
  Micros revisit = 0;  ///< windows loaded sooner than this after their end are loaded once more
};

/// What happens to rows without a value of the cursor.
enum class OnMissing { reject, skip, load };

/// `cursor` of a source, resolved: only rows beyond those that were loaded before are loaded.
struct CursorSpec {
  std::size_t column = 0;        ///< of the source's schema
  std::vector<std::size_t> per;  ///< columns; each combination of their values has its own mark
  std::optional<std::string> initial;  ///< the least value to load where there is no mark yet
  Micros lag = 0;                      ///< rows younger than now - lag wait for a later run
  Micros max_ahead = kHour;            ///< beyond now + max_ahead a row is a reject
  OnMissing on_missing = OnMissing::reject;
};

/// Where an input of a node comes from.
struct EdgeFrom {
  std::size_t node = 0;  ///< index into InstancePlan::nodes
  std::size_t port = 0;  ///< index into its binding.outputs; outputs.size() is the `rejected` port
};

struct PlanNode {
  std::string name;
  NodeKind kind = NodeKind::transform;
  const NodeType* type = nullptr;  ///< owned by the registry, which outlives the plan
  Options options;
  SourceSpan span;
  std::vector<EdgeFrom> inputs;    ///< empty for sources
  std::vector<std::size_t> after;  ///< sinks that must have committed first, by index
  Binding binding;
  std::optional<CursorSpec> cursor;  ///< sources only
  RejectLimits limits;               ///< the node's own, else the pipeline's
  std::int64_t memory = 0;           ///< accumulators: their limit in bytes
  bool shares_memory = false;  ///< that limit is for all accumulators of the instance that share it
  std::string plan_hash;       ///< sinks: over everything upstream that changes rows
  bool window_keyed = false;   ///< sinks: units may commit in any order
  bool takes_rejects = false;  ///< sinks: every input is a rejected port
  /// The options that were written, for people: in TOML's notation, parameters and matrix values
  /// put in, the environment and secret files left as `${…}`, secrets as "***".
  std::vector<std::pair<std::string, std::string>> shown_options;
  /// The schema of output `port`, the rejected port included.
  [[nodiscard]] const SchemaRef& output_schema(std::size_t port) const;
  [[nodiscard]] std::string port_name(std::size_t port) const;  ///< "by_system.engine", "readings"
};

/// One expansion of `[matrix]`; the only one, named "", where there is no matrix.
struct InstancePlan {
  std::string name;                           ///< "ship=IMO9976903"
  std::map<std::string, std::string> values;  ///< matrix values by axis
  std::vector<PlanNode> nodes;  ///< in topological order; ties by position in the file
  std::optional<WindowSpec> window;
  /// The parts that are read one after the other, as indexes of nodes; one where no node has
  /// `after`.
  std::vector<std::vector<std::size_t>> sides;
};

struct RetrySpec {
  int attempts = 3;
  Micros first_backoff = kSecond;
  Micros last_backoff = 30 * kSecond;
};

/// [state], beside its url.
struct StateSpec {
  std::optional<Micros> retention;  ///< how long runs that ended are kept
  Micros heartbeat = 5 * kSecond;
  std::optional<Micros> ttl;  ///< a run silent for longer is taken over
};

struct Plan {
  std::string name;       ///< of the pipeline
  std::string path;       ///< of its file, as given
  std::string directory;  ///< absolute, of its file
  std::vector<InstancePlan> instances;
  int parallel = 1;  ///< instances at once
  RetrySpec retry;
  std::string log_folder;             ///< absolute; "" for no log files
  std::int64_t log_size = 100 << 20;  ///< a larger log file is turned over
  Micros log_keep = 30 * kDay;        ///< how long turned-over ones are kept
  std::optional<Micros> every;        ///< [schedule]: from one start to the next, with --follow
  std::vector<TestSpec> tests;
  /// "sqlite:/abs/path" (default <directory>/.flowrun/state.db), or "postgresql://…": never shown,
  /// as it may hold a password.
  std::string state_url;
  StateSpec state;
  std::int64_t max_memory =
      256 << 20;  ///< of the process: credits, accumulators and staging share it
  std::map<std::string, std::string> params;  ///< resolved, secrets not among them
  std::vector<Diagnostic> warnings;
  /// Values to freeze in the journal when a run starts.
  std::map<std::string, std::string> frozen;
  Micros now = 0;    ///< taken once
  std::string hash;  ///< of the whole resolved pipeline

  /// How max_memory is divided: an eighth at most for rows in flight (every source has an equal
  /// share of it), half for accumulators that declare no `memory` (all of them together, of all
  /// instances that run at once), the rest for staging.
  [[nodiscard]] std::int64_t credit_budget() const { return max_memory / 8; }
  [[nodiscard]] std::int64_t accumulator_budget() const { return max_memory / 2; }
};

/// What the command line says beside the file.
struct PlanOptions {
  std::map<std::string, std::string> params;             ///< --param
  std::map<std::string, std::vector<std::string>> only;  ///< --only AXIS=VALUE, repeated
  std::optional<std::string> window_from;                ///< --window-from, as written
  std::optional<std::string> window_until;
  std::optional<std::int64_t> max_memory;
  std::map<std::string, std::string>
      source_paths;  ///< tests: read by a source in place of its path
  bool offline = false;
};

/// What planning needs from outside.
struct PlanServices {
  const Registry* registry = nullptr;
  const Clock* clock = nullptr;
  /// Frozen values of earlier runs, by name.
  std::map<std::string, std::string> frozen;
  /// Loads further frozen values, given the journal's url and the pipeline's name: only those are
  /// known once the file is read. Asked at most once per plan, and only where a node asks for a
  /// value that `frozen` lacks; may be empty.
  std::function<std::map<std::string, std::string>(const std::string& state_url,
                                                   const std::string& pipeline)>
      load_frozen;
  /// Runs everything upstream of node `node` and shows its input to `visit` (at most `rows` rows);
  /// throws Error. Set by whoever has a runner at hand; without it such nodes report that they
  /// cannot look.
  std::function<void(const InstancePlan& upstream, EdgeFrom from, std::optional<std::int64_t> rows,
                     const std::function<void(const Batch&)>& visit)>
      scan;
};

/// Reads and plans a pipeline file. All problems of a phase are reported together in `diagnostics`;
/// nothing is returned where there is an error among them.
[[nodiscard]] std::optional<Plan> make_plan(const std::string& path, const PlanOptions& options,
                                            const PlanServices& services, Diagnostics& diagnostics);

/// The same from a text at hand (tests, stdin).
[[nodiscard]] std::optional<Plan> make_plan(std::shared_ptr<const SourceText> text,
                                            const PlanOptions& options,
                                            const PlanServices& services, Diagnostics& diagnostics);

}  // namespace flowrun
