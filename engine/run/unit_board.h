// The units of one attempt: which are open, what each sink does with them, and how far each has
// come.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/run/coverage_plan.h"
#include "engine/spec/check.h"
#include "engine/spec/reject.h"
#include "engine/spec/unit.h"

namespace flowrun {

/// Rejects of one node in one unit that no sink takes: all counted, the first kept.
struct KeptRejects {
  std::int64_t count = 0;
  std::vector<Reject> first;  ///< at most kMaxKeptRejects
};
inline constexpr std::size_t kMaxKeptRejects = 1000;

/// A unit while it is worked on. Pointers to it stay valid for the whole attempt.
struct OpenUnit {
  Unit unit;
  std::vector<SinkPart> sinks;        ///< by sink number: skip it, or which generation to write
  bool skip_all = false;              ///< every sink has it: its rows need not leave the source
  std::vector<bool> ended;            ///< by source number: the end marker was sent
  std::atomic<int> sinks_pending{0};  ///< sinks that have not staged it
  std::atomic<bool> done{false};      ///< committed, or nothing to commit
  /// A source read it while rows of it may still have become visible: it is loaded once more.
  std::atomic<bool> unsettled{false};
  std::chrono::steady_clock::time_point opened = std::chrono::steady_clock::now();

  std::mutex mutex;                                        ///< guards what follows
  std::vector<std::int64_t> written;                       ///< by sink number: rows staged
  std::map<std::size_t, KeptRejects> kept;                 ///< by plan node
  std::map<std::size_t, std::vector<CheckResult>> checks;  ///< by plan node
  std::map<std::size_t, std::int64_t> rows_in;             ///< by plan node, for reject ratios
  std::map<std::size_t, std::int64_t> rows_rejected;       ///< by plan node, taken by a sink or not
};

/// Opens units and says when a source is done with them. The board's own lock guards all but the
/// queries marked "any time": who sends messages of a unit counts and sends them under it, so that
/// an end marker's count is final. It is taken once per batch and held for microseconds.
class UnitBoard {
 public:
  struct Config {
    std::size_t sources = 0;
    std::int64_t epoch = 0;
    std::int32_t attempt = 1;
    std::string run;
    Micros every = 0;                        ///< cell length of windows
    Micros until = INT64_MAX;                ///< the last window ends here, on the grid or not
    const CoveragePlan* coverage = nullptr;  ///< decides what each sink does with a unit
  };
  explicit UnitBoard(Config config) : config_(std::move(config)), reached_(config_.sources) {}

  [[nodiscard]] std::unique_lock<std::mutex> lock() const { return std::unique_lock(mutex_); }

  /// The unit of the window that starts at `start`, opened where it is new. Under lock().
  OpenUnit& window(Micros start);
  /// The unit of rows without a time, or of the whole load. Under lock().
  OpenUnit& other(UnitKind kind, const std::string& id);
  /// Source `source` sends nothing more for windows that end at or before `frontier`; with `all`,
  /// nothing more at all. Sends its end markers through on_end. Under lock().
  void advance(std::size_t source, Micros frontier, bool all);
  /// Source `source` has read all of the window that starts at `start`. Under lock().
  void close_window(std::size_t source, Micros start);
  /// True while a unit that every source has ended is on its way to the sinks. Any time.
  [[nodiscard]] bool is_closing() const;
  /// The last end of a window that is known. Under lock().
  [[nodiscard]] std::optional<Micros> last_end() const;

  /// The time that the unit's marker covers: its cell, and the cells without rows in front of it,
  /// back to the end of the unit before. Any time after the unit was ended by every source.
  [[nodiscard]] Interval covered_stretch(const OpenUnit& state) const;
  /// Every unit, in order of opening. Any time.
  [[nodiscard]] std::vector<OpenUnit*> all() const;
  /// The earliest unit that is not done, in commit order: windows by time, then the rest. Any time.
  [[nodiscard]] OpenUnit* earliest_open() const;
  /// Says that a unit is committed, or that there is nothing to commit. Any time.
  void mark_done(OpenUnit& state);

  /// Called once per unit under the lock, before anything is sent for it.
  std::function<void(OpenUnit&)> on_open;
  /// Called once per source and unit under the lock: send the end marker.
  std::function<void(std::size_t source, OpenUnit&)> on_end;

 private:
  struct Reached {
    Micros frontier = INT64_MIN;
    bool all = false;
    std::set<Micros> closed;              ///< starts of single windows that are read
    std::map<Micros, OpenUnit*> windows;  ///< not ended, by start
    std::vector<OpenUnit*> others;        ///< not ended
  };

  OpenUnit& open(Unit unit);
  void sweep(std::size_t source);
  /// Lists the unit with every source, and ends it for those that are past it.
  void enlist(OpenUnit& state);
  [[nodiscard]] static bool past(const Reached& reached, const OpenUnit& state);

  Config config_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<OpenUnit>> units_;
  std::map<Micros, OpenUnit*> windows_;
  std::map<std::string, OpenUnit*> others_;
  std::vector<Reached> reached_;              ///< by source
  std::map<Micros, OpenUnit*> open_windows_;  ///< not done
  std::map<std::string, OpenUnit*> open_others_;
};

}  // namespace flowrun
