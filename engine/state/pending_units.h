// States of units that wait in memory to be written together.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <tuple>

#include "engine/state/journal.h"

namespace flowrun {

/// A run of thousands of small windows does not pay a transaction for each. One thread at a time.
class PendingUnits {
 public:
  using Key = std::tuple<std::string, UnitKind, Micros, std::string>;  ///< run, kind, start, id

  /// Takes the next state of a unit in place of the one that waits.
  void put(const std::string& run, const UnitRecord& unit, Micros now);
  /// True where enough came together, or some of it is old.
  [[nodiscard]] bool is_due() const;
  [[nodiscard]] bool empty() const { return units_.empty(); }
  /// With `started` and `ended` filled in.
  [[nodiscard]] const std::map<Key, UnitRecord>& all() const { return units_; }
  void clear() { units_.clear(); }

 private:
  std::map<Key, UnitRecord> units_;
  std::chrono::steady_clock::time_point since_;
};

}  // namespace flowrun
