// Runs, their units and their nodes in the SQLite journal.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/state/journal.h"
#include "engine/state/journal_database.h"
#include "engine/state/pending_units.h"

namespace flowrun {

/// Whoever calls holds the database's mutex. States of units are kept in memory until a few have
/// come together.
class RunTable {
 public:
  explicit RunTable(JournalDatabase& database) : database_(&database) {}

  [[nodiscard]] std::string start(const RunStart& start, std::int64_t epoch);
  /// Inside the caller's transaction, after write_pending().
  void end(const std::string& run, RunState state, const std::string& reason,
           const std::string& totals, const std::vector<NodeCounts>& nodes);
  void put_unit(const std::string& run, const UnitRecord& unit);

  [[nodiscard]] bool has_pending() const { return !pending_.empty(); }
  /// True where enough came together, or some of it is old.
  [[nodiscard]] bool is_due() const { return pending_.is_due(); }
  /// Writes what is in memory inside the caller's transaction; pending_written() forgets it after
  /// the commit.
  void write_pending();
  void pending_written() { pending_.clear(); }

  [[nodiscard]] std::vector<RunRecord> list(const RunFilter& filter);
  [[nodiscard]] std::optional<RunRecord> find(const std::string& id);
  [[nodiscard]] std::vector<UnitRecord> units(const std::string& run);
  [[nodiscard]] std::vector<NodeCounts> nodes(const std::string& run);
  /// Pipeline and instance of a run; throws Error(internal) where there is none.
  [[nodiscard]] std::pair<std::string, std::string> owner(const std::string& run);

 private:
  JournalDatabase* database_;
  PendingUnits pending_;
};

}  // namespace flowrun
