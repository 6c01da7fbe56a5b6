// What checks found out about units, in the SQLite journal.
#pragma once

#include <string>
#include <vector>

#include "engine/state/journal.h"
#include "engine/state/journal_database.h"

namespace flowrun {

/// Whoever calls holds the database's mutex.
class CheckTable {
 public:
  explicit CheckTable(JournalDatabase& database) : database_(&database) {}

  /// See Journal::put_checks. A transaction of its own, durable.
  void put(const std::string& run, const Unit& unit, const std::vector<StoredCheck>& checks);
  [[nodiscard]] std::vector<StoredCheck> list(const std::string& run);

 private:
  JournalDatabase* database_;
};

}  // namespace flowrun
