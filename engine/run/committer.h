// Commits units, one at a time, in the order that their sinks allow.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "engine/run/attempt_context.h"
#include "engine/run/check_summary.h"
#include "engine/run/coverage_plan.h"
#include "engine/run/sink_thread.h"
#include "engine/state/journal.h"

namespace flowrun {

/// A commit that went through, for the coverage of later rounds.
struct CommittedPart {
  std::size_t sink = 0;
  Marker marker;
};

/// Puts the rejects of a unit that no sink takes into the journal; returns how many there are.
std::int64_t store_kept_rejects(Journal& journal, const InstancePlan& instance,
                                const std::string& run, OpenUnit& unit);

/// The turn-keeper (windows.md 14, 15, 17): waits for units that every sink has staged, applies
/// them inside open transactions, collects what sinks refuse, judges the limits, and commits reject
/// sinks, then data sinks, then journals.
class Committer {
 public:
  struct Config {
    const CoveragePlan* coverage = nullptr;
    Journal* journal = nullptr;    ///< null in dry runs
    const Lease* lease = nullptr;  ///< null in dry runs
    RunStats* stats = nullptr;
    bool any_order = false;  ///< all sinks are window-keyed
    std::map<std::size_t, std::vector<SinkThread*>>
        reject_takers;  ///< by plan node: who takes a sink's rejects
    std::function<void(OpenUnit&)> on_done;
    /// All of the unit was read and nothing is prepared yet; may be empty. What is noted here is
    /// there before anything that outlives the process.
    std::function<void()> before_prepare;
    /// The unit failed after that, and nothing of it is left anywhere. Never throws.
    std::function<void()> withdraw;
    bool skips_empty = false;  ///< a unit for which no source read a row is not worth a commit
  };
  Committer(AttemptContext& context, std::vector<SinkThread*> sinks, Config config);
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  /// Every sink has staged the unit. Any thread.
  void ready(OpenUnit& unit);
  /// No further unit comes: ends when what is ready is committed. Waits.
  void finish();

  [[nodiscard]] const std::vector<CommittedPart>& committed() const { return committed_; }
  [[nodiscard]] std::int64_t rejects_stored() const { return rejects_stored_; }
  /// How checks came out over the units that were committed, and over one that a check kept from
  /// it.
  [[nodiscard]] const std::vector<CheckSummary>& checks() const { return checks_; }

 private:
  void loop();
  [[nodiscard]] OpenUnit* next();
  void commit(OpenUnit& unit);
  [[nodiscard]] bool is_empty(OpenUnit& unit) const;
  void steps(OpenUnit& unit, const std::vector<SinkThread*>& rejects,
             const std::vector<SinkThread*>& data);
  [[nodiscard]] Marker marker_of(const OpenUnit& unit, const SinkThread& sink) const;
  void prepare_data(OpenUnit& unit, SinkThread& sink);
  /// Sends what a sink refuses to whoever takes its rejects. On that sink's thread.
  void hand_on(OpenUnit& unit, NodeBase& node, std::vector<Reject> rejects);
  void judge(OpenUnit& unit);
  /// Journals how the checks came out; throws Error(check) where one of severity error does not
  /// hold.
  void judge_checks(OpenUnit& unit);
  void store_rejects(OpenUnit& unit);
  void record(const OpenUnit& unit, UnitState state) const;

  AttemptContext* context_;
  std::vector<SinkThread*> sinks_;
  Config config_;
  std::vector<CommittedPart> committed_;
  std::vector<CommittedPart> pending_;
  std::map<std::size_t, std::int64_t> rows_in_;  ///< by plan node, over units
  std::map<std::size_t, std::int64_t> rows_rejected_;
  std::int64_t rejects_stored_ = 0;
  bool commits_ = false;             ///< some sink of the unit at hand may have committed
  std::vector<StoredCheck> judged_;  ///< of the unit at hand
  std::vector<CheckSummary> checks_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::set<OpenUnit*> ready_;
  bool finishing_ = false;
  std::thread thread_;
};

}  // namespace flowrun
