// Units of work: windows and loads, what identifies them, and what a sink has committed of them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/time.h"

namespace flowrun {

/// Half-open stretch of event time, microseconds.
struct Interval {
  Micros from = 0;
  Micros until = 0;
  friend bool operator==(const Interval&, const Interval&) = default;
  friend auto operator<=>(const Interval&, const Interval&) = default;
};

/// window: one cell of the time grid. load: one run over the inputs of a pipeline without [window].
/// unplaced: the rows of a windowed pipeline that have no readable time, and rejects that belong to
/// no window.
enum class UnitKind : std::uint8_t { window, load, unplaced };

[[nodiscard]] const char* to_string(UnitKind kind);

/// Inputs by name ("readings:data/a.csv") with their fingerprints; "" where an input has none
/// (stdin).
using InputSet = std::map<std::string, std::string>;

/// One unit as planned: these values are journalled and never change while it is worked on.
struct Unit {
  std::uint32_t index = 0;  ///< dense number inside one attempt
  UnitKind kind = UnitKind::load;
  Interval interval;  ///< windows: the cell itself
  std::string id;     ///< windows: start as text; loads: fingerprint or run; else "unplaced"
  std::int64_t generation = 1;
  std::int64_t epoch = 0;
  std::int32_t attempt = 1;
  std::string run;  ///< run id

  /// For messages: "window 2026-01-01T00:00:00Z..2026-01-01T02:00:00Z", "load 3f…", "rows without a
  /// time".
  [[nodiscard]] std::string shown() const;
  /// For file names: "20260101T000000Z", "load", "unplaced".
  [[nodiscard]] std::string file_name() const;
};

/// Whose coverage it is: two sinks of one pipeline in one database are two coverages.
struct CoverageKey {
  std::string pipeline;
  std::string instance;  ///< "" without a matrix, else "ship=IMO9976903" (axes sorted by name,
                         ///< comma between)
  std::string sink;
  std::string target;  ///< what the sink writes, as its binding says ("readings.db#engine")
  friend bool operator==(const CoverageKey&, const CoverageKey&) = default;
};

/// One entry of a sink's coverage: what it has committed. For windows `interval` may span many
/// cells and stretches without rows (entries with equal properties that touch are merged).
struct Coverage {
  UnitKind kind = UnitKind::load;
  Interval interval;
  std::string id;  ///< loads: the load's id; unplaced: "unplaced"; windows: ""
  std::string plan_hash;
  std::shared_ptr<const InputSet> inputs;  ///< never null
  std::int64_t generation = 1;
  std::int64_t epoch = 0;
  std::string run;
  std::int64_t rows = 0;
  Micros committed_at = 0;
};

/// What a sink writes with the data of one unit, in the same transaction.
struct Marker {
  CoverageKey key;
  Coverage coverage;
  /// The generation that stands in the target now and must be replaced by this one; 0 where nothing
  /// does: then the marker is a plain insert, and a rival's marker makes it fail.
  std::int64_t replaces = 0;
};

}  // namespace flowrun
