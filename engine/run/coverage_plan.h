// Requested minus covered: which inputs an attempt reads, and what each sink does with each unit.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/spec/unit.h"

namespace flowrun {

/// What one sink does with one unit.
struct SinkPart {
  bool skip = false;  ///< it has the unit already: its input is discarded
  std::int64_t generation = 1;
  std::int64_t replaces = 0;               ///< the generation that stands in the target; 0: none
  std::shared_ptr<const InputSet> inputs;  ///< what the target holds of the unit afterwards
};

/// A sink as far as coverage goes.
struct CoveredSink {
  CoverageKey key;
  std::string node;
  std::string plan_hash;
  bool keeps = true;  ///< false: null, stdout: writes whatever comes, plays no part in planning
  bool idempotent = true;
  std::vector<Coverage> covered;  ///< in the target now; kept up to date by committed()
};

/// Compares what is asked for with what the sinks hold (windows.md 1-3). An idempotent sink takes a
/// unit again, as the next generation, when the plan, an input's content or the set of inputs
/// changed; what it cannot do again (append) is refused instead, and reads new inputs only. One
/// thread, except decide(), which any thread may call between the others.
class CoveragePlan {
 public:
  CoveragePlan(std::vector<CoveredSink> sinks, bool windowed, bool full)
      : sinks_(std::move(sinks)), windowed_(windowed), full_(full) {}

  /// Windows loaded sooner than `revisit` after their end are provisional: they are loaded once
  /// more when `now` has passed that moment, by sinks that can.
  void set_revisit(Micros revisit, Micros now) {
    revisit_ = revisit;
    now_ = now;
  }
  /// The plan hash for a unit's marker; it says of a provisional window that it is one, so that
  /// such windows stay apart when coverage is merged. So does one that is `unsettled`: the next run
  /// loads it once more.
  [[nodiscard]] std::string hash_of(std::size_t sink, const Unit& unit, bool unsettled) const;

  /// Chooses the inputs to read next out of all there are; nothing where all is covered.
  /// Interrupted work of append sinks comes first, with the inputs that it had. Throws Error(plan)
  /// where a sink would have to un-commit.
  [[nodiscard]] std::optional<InputSet> next_round(const InputSet& all);
  /// Says what the next round reads, where somebody else chooses it (cursors), and which sinks
  /// have that already (by number; empty: none).
  void set_round(InputSet round, std::vector<bool> skips) {
    round_ = std::move(round);
    skips_ = std::move(skips);
  }

  /// Decides for one unit of the round. `cell` counts for windows only.
  [[nodiscard]] SinkPart decide(std::size_t sink, UnitKind kind, Interval cell,
                                const std::string& id) const;

  /// Rows of inputs that no sink knows have event times at or after `from` (their first row less
  /// the lateness): windows that end before it need not be loaded again for their sake.
  void set_new_rows_from(Micros from) { new_rows_from_ = from; }
  /// Inputs of the round that some sink does not know.
  [[nodiscard]] std::vector<std::string> new_inputs() const;

  /// `stretch` without what the sink covers already in front of `cell`.
  [[nodiscard]] Interval clip(std::size_t sink, Interval stretch, Interval cell) const;

  /// Takes a committed unit into the coverage.
  void committed(const Marker& marker, std::size_t sink);
  /// Puts freshly asked coverage in place (after an attempt whose end is not known).
  void replace(std::size_t sink, std::vector<Coverage> covered);
  /// Ends a round that went through: its inputs are not read again by this run.
  void round_done() { read_.insert(round_.begin(), round_.end()); }

  [[nodiscard]] const std::vector<CoveredSink>& sinks() const { return sinks_; }
  [[nodiscard]] const InputSet& round() const { return round_; }
  [[nodiscard]] bool has_coverage() const;

 private:
  [[nodiscard]] const Coverage* find(const CoveredSink& sink, UnitKind kind, Interval cell,
                                     const std::string& id) const;
  /// The greatest generation of entries that hold part of the cell (the grid was changed); 0 where
  /// none does.
  [[nodiscard]] static std::int64_t overlapping(const CoveredSink& sink, UnitKind kind,
                                                Interval cell);
  /// Inputs whose every row the sink has (its unplaced unit or its loads name them).
  [[nodiscard]] InputSet complete(const CoveredSink& sink) const;
  void refuse_changes(const CoveredSink& sink, const InputSet& all) const;
  [[nodiscard]] std::optional<InputSet> append_round(const InputSet& all) const;
  [[nodiscard]] std::optional<InputSet> whole_round(const InputSet& all) const;

  std::vector<CoveredSink> sinks_;
  bool windowed_;
  bool full_;
  InputSet round_;
  InputSet read_;  ///< by the rounds before
  std::vector<bool> skips_;
  Micros new_rows_from_ = INT64_MIN;
  Micros revisit_ = 0;
  Micros now_ = 0;
};

/// True where an entry is of windows that are loaded once more.
[[nodiscard]] bool is_provisional(const Coverage& entry);

/// True where an entry was made by the plan of `plan_hash`, provisional or not.
[[nodiscard]] bool is_of_plan(const Coverage& entry, const std::string& plan_hash);

/// The id of a load: the fingerprint of its inputs.
[[nodiscard]] std::string load_id(const InputSet& inputs);

}  // namespace flowrun
