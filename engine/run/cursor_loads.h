// The loads of sources with a cursor: which range each takes, and when their marks move.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/run/coverage_plan.h"
#include "engine/run/cursor_filter.h"
#include "engine/run/instance_inputs.h"
#include "engine/run/source_driver.h"
#include "engine/state/journal.h"

namespace flowrun {

/// Plans cursor loads for one side of an instance (windows.md 21). A load is journalled before its
/// sinks prepare it: a file that is prepared may be finished by the next run, which must know its
/// load. While one of its sinks lacks it, the next load is exactly that one again. A sink
/// that holds nothing of what the cursor has passed (it is new, or its target was deleted) gets all
/// of that by a load of its own. The side's sources all have a cursor, or none has. The run's main
/// thread, except note_reached() and withdraw().
class CursorLoads {
 public:
  /// `journal` is null in dry runs: nothing is known then, and nothing kept.
  CursorLoads(const InstancePlan& side, Journal* journal, std::string pipeline, std::string run,
              bool full);

  /// True where the sources have cursors; else nothing of this is used.
  [[nodiscard]] bool active() const { return !sources_.empty(); }

  /// Chooses the next load, of the inputs that there are; false where nothing is left. Throws
  /// Error(plan) where a sink would get rows twice.
  [[nodiscard]] bool next(const InstanceInputs& inputs, CoveragePlan& coverage);
  /// What the sources read for it, by source number.
  [[nodiscard]] std::vector<SourceWork> works(const InstanceInputs& inputs) const;
  /// Everything was read and nothing is prepared yet: journals the range. Any thread.
  void note_reached(const std::vector<const CursorFilter*>& filters, Log& log);
  /// The load failed, and nothing of it is left: its rows are for the next one, which may find
  /// others with them. Where the journal cannot be written it stays, and will be read again as it
  /// was. Any thread.
  void withdraw(Log& log) noexcept;
  /// Every sink has the load: the marks move.
  void done();

  /// "rows of readings beyond collected_at": for people.
  [[nodiscard]] std::vector<std::string> shown() const;

 private:
  /// new rows; the rows of a load that was planned before; all rows up to the marks.
  enum class Kind { fresh, again, past };
  struct CursorSource {
    const PlanNode* node = nullptr;
    std::string inputs;  ///< over the inputs' fingerprints; "" where one has none
    bool held_back = false;
  };

  void load_states();
  [[nodiscard]] std::optional<std::string> pending() const;
  void refuse_unknown(const CoveragePlan& coverage) const;
  /// True where the source's inputs were read to their end before.
  [[nodiscard]] bool is_known(const CursorSource& source) const;
  [[nodiscard]] bool unchanged() const;
  /// Sinks that hold no load at all, though there were some; by number. Empty: none.
  [[nodiscard]] std::vector<bool> empty_sinks(const CoveragePlan& coverage) const;
  void choose(std::string id, Kind kind, CoveragePlan& coverage, std::vector<bool> skips = {});
  void move_marks();
  void put();

  Journal* journal_;
  std::string pipeline_;
  std::string instance_;
  std::string run_;
  bool full_;
  std::vector<CursorSource> sources_;          ///< by source number
  std::map<std::string, CursorState> states_;  ///< by source name
  std::string id_;                             ///< of the load at hand
  Kind kind_ = Kind::fresh;                    ///< of the load at hand
  bool read_ = false;                          ///< this run has read everything once
  bool caught_up_ = false;                     ///< empty sinks were seen to
  bool may_repeat_ties_ = false;
};

}  // namespace flowrun
