// The durable record of runs and units: what a run leaves behind for the next one and for people.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/spec/node.h"
#include "engine/spec/reject.h"
#include "engine/spec/unit.h"
#include "engine/state/cursor_state.h"

namespace flowrun {

enum class RunState : std::uint8_t { planned, running, ok, failed, skipped, cancelled, crashed };
[[nodiscard]] const char* to_string(RunState state);

/// The states of windows.md, in the order in which a unit goes through them; aborted and failed are
/// ends, too.
enum class UnitState : std::uint8_t {
  planned,
  reading,
  flushing,
  staged,
  prepared,
  committing,
  committed,
  journalled,
  aborted,
  failed,
};
[[nodiscard]] const char* to_string(UnitState state);

/// Rows by what became of them. in = passed + absorbed + filtered + rejected + skipped; out =
/// passed + made.
struct RowCounts {
  std::int64_t in = 0;
  std::int64_t passed = 0;
  std::int64_t absorbed = 0;
  std::int64_t filtered = 0;
  std::int64_t rejected = 0;
  std::int64_t skipped = 0;
  std::int64_t made = 0;
  std::int64_t out = 0;
  friend bool operator==(const RowCounts&, const RowCounts&) = default;
};

/// What one node did in one run; times in nanoseconds.
struct NodeCounts {
  std::string node;
  std::string type;  ///< "source csv", "transform pivot", …
  RowCounts rows;
  std::int64_t busy = 0;
  std::int64_t blocked = 0;
  std::int64_t idle = 0;
  friend bool operator==(const NodeCounts&, const NodeCounts&) = default;
};

/// What is known of a run when it starts.
struct RunStart {
  std::string pipeline;
  std::string instance;
  std::string path;       ///< of the pipeline file
  std::string file_hash;  ///< of its text
  std::string plan_hash;
  std::string params;  ///< a JSON object; secrets are not in it
  Micros now = 0;      ///< the plan's
};

struct RunRecord {
  std::string id;
  RunStart start;
  RunState state = RunState::planned;
  std::string reason;  ///< why it ended so: the error's message; "" where there is nothing to say
  Micros started = 0;
  Micros ended = 0;  ///< 0 while it runs
  std::int64_t pid = 0;
  std::string host;
  std::int64_t epoch = 0;
  std::string totals;  ///< a JSON object; "" while it runs
  /// How far its windows are committed without a hole, once it has ended; absent without windows.
  std::optional<Micros> watermark;
  Micros heartbeat = 0;  ///< its last sign of life; 0 where the journal asks for none
};

struct UnitRecord {
  Unit unit;  ///< `run` and `index` are not kept
  UnitState state = UnitState::planned;
  RowCounts rows;
  std::string error;
  Micros started = 0;  ///< of the first record of it; filled in by the journal
  Micros ended = 0;    ///< 0 while it is worked on; filled in by the journal
};

/// A reject that no sink takes, with the node that made it.
struct StoredReject {
  std::string node;
  std::string unit;  ///< as shown to people; filled in by the journal on reading
  Reject reject;
};

struct StoredRejects {
  std::vector<StoredReject> kept;
  std::int64_t total =
      0;  ///< those beyond the cap included: total - kept.size() more were not kept
};

/// How a rule of a check came out over a unit.
struct StoredCheck {
  std::string node;
  std::string unit;  ///< as shown to people; filled in by the journal on reading
  CheckResult result;
};

/// What a sink's target holds, as its covered() said.
struct TargetCoverage {
  CoverageKey key;
  std::vector<Coverage> coverage;
  std::int64_t epoch =
      0;  ///< the greatest that the target knows beside the coverage's own (Sink::epoch)
};

/// The right to run an instance. Ends with the object, and with the process at the latest. Must not
/// outlive its journal.
class Lease {
 public:
  virtual ~Lease() = default;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  [[nodiscard]] const std::string& pipeline() const { return pipeline_; }
  [[nodiscard]] const std::string& instance() const { return instance_; }
  /// Greater than that of every earlier holder. Journal::repair() may raise it; read it after.
  [[nodiscard]] std::int64_t epoch() const { return epoch_; }
  /// Runs that were found unfinished without a holder and are now marked crashed, oldest first.
  [[nodiscard]] const std::vector<std::string>& crashed() const { return crashed_; }
  /// Throws Error(lease) where the lease was lost. Cheap; for the moment before a commit. Any
  /// thread.
  virtual void check() const = 0;

 protected:
  Lease(std::string pipeline, std::string instance)
      : pipeline_(std::move(pipeline)), instance_(std::move(instance)) {}
  std::int64_t epoch_ = 0;
  std::vector<std::string> crashed_;

 private:
  std::string pipeline_;
  std::string instance_;
};

/// Which runs to list: empty fields match everything.
struct RunFilter {
  std::string pipeline;
  std::optional<std::string> instance;
  std::int64_t limit = 100;
};

/// The journal. Any thread. Throws Error(io) where it cannot be read or written. What is put is
/// visible to other processes soon, and durable against the end of the process on flush(); the
/// calls that promise more say so.
class Journal {
 public:
  virtual ~Journal() = default;

  // --- the right to run
  /// Takes the lease of an instance and the next epoch; marks unfinished runs of former holders
  /// crashed. Throws Error(lease) naming the holder where somebody has it. Never waits.
  [[nodiscard]] virtual std::unique_ptr<Lease> acquire(const std::string& pipeline,
                                                       const std::string& instance) = 0;
  /// Makes the journal agree with what the targets of one instance hold (all its data sinks, asked
  /// after acquire()): raises the lease's epoch above every epoch found there, records runs that
  /// only the targets know, and marks units that are in every target journalled.
  virtual void repair(Lease& lease, const std::vector<TargetCoverage>& targets) = 0;

  // --- runs and units
  /// Records a run under a new id, as running. Ids sort by time ("20261121T131500-4f2a").
  [[nodiscard]] virtual std::string start_run(const RunStart& start, const Lease& lease) = 0;
  /// Ends a run and flushes. Units of it that have no end yet become aborted.
  virtual void end_run(const std::string& run, RunState state, const std::string& reason,
                       const std::string& totals, const std::vector<NodeCounts>& nodes) = 0;
  /// Records a unit of a run, or the next state of one: same kind, interval and id. What is there
  /// is replaced.
  virtual void put_unit(const std::string& run, const UnitRecord& unit) = 0;
  /// Writes what is still in memory.
  virtual void flush() = 0;

  // --- rejects that no sink takes
  /// Most rejects kept of one run; beyond, they are only counted.
  [[nodiscard]] virtual std::int64_t reject_cap() const = 0;
  /// Keeps the rejects of a unit in place of those kept of the same unit before, by this run or
  /// (windows and loads) an earlier one. `total` counts them all, those that the caller left out
  /// included. Durable on return.
  virtual void put_rejects(const std::string& run, const Unit& unit,
                           const std::vector<StoredReject>& rejects, std::int64_t total) = 0;

  // --- checks
  /// Keeps how the rules came out over a unit, in place of what the same run said of it before.
  /// Durable on return.
  virtual void put_checks(const std::string& run, const Unit& unit,
                          const std::vector<StoredCheck>& checks) = 0;

  // --- how far cursors have come
  /// By source. Empty where none was ever kept.
  [[nodiscard]] virtual std::map<std::string, CursorState> cursors(const std::string& pipeline,
                                                                   const std::string& instance) = 0;
  /// Puts the states of these sources in place of those kept before; an empty state forgets its
  /// source. One step, durable on return.
  virtual void put_cursors(const std::string& pipeline, const std::string& instance,
                           const std::map<std::string, CursorState>& states) = 0;

  // --- values frozen by a pipeline's earlier runs
  [[nodiscard]] virtual std::map<std::string, std::string> frozen(const std::string& pipeline) = 0;
  virtual void freeze(const std::string& pipeline,
                      const std::map<std::string, std::string>& values) = 0;

  // --- for sources and file sinks
  [[nodiscard]] virtual FileFingerprints& fingerprints() = 0;
  [[nodiscard]] virtual CoverageStore& coverage() = 0;

  // --- for people
  /// Newest first.
  [[nodiscard]] virtual std::vector<RunRecord> runs(const RunFilter& filter) = 0;
  /// The run whose id begins with (or ends in) `id`, where exactly one does.
  [[nodiscard]] virtual std::optional<RunRecord> find_run(const std::string& id) = 0;
  /// In order of time, loads and unplaced rows last.
  [[nodiscard]] virtual std::vector<UnitRecord> units(const std::string& run) = 0;
  /// In the order given to end_run().
  [[nodiscard]] virtual std::vector<NodeCounts> nodes(const std::string& run) = 0;
  /// In order of time, loads and unplaced rows last.
  [[nodiscard]] virtual std::vector<StoredCheck> checks(const std::string& run) = 0;
  /// At most `limit` of a run's rejects, by unit and origin's order.
  [[nodiscard]] virtual StoredRejects rejects(const std::string& run, std::int64_t limit) = 0;
};

}  // namespace flowrun
