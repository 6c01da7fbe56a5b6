// Rejects that no sink takes, in the SQLite journal.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/state/journal.h"
#include "engine/state/journal_database.h"

namespace flowrun {

/// Whoever calls holds the database's mutex.
class RejectTable {
 public:
  RejectTable(JournalDatabase& database, std::int64_t cap) : database_(&database), cap_(cap) {}

  [[nodiscard]] std::int64_t cap() const { return cap_; }
  /// See Journal::put_rejects; `owner` is the run's pipeline and instance. A transaction of its
  /// own, durable.
  void put(const std::string& run, const std::pair<std::string, std::string>& owner,
           const Unit& unit, const std::vector<StoredReject>& rejects, std::int64_t total);
  [[nodiscard]] StoredRejects list(const std::string& run, std::int64_t limit);

 private:
  /// The entries that a unit's new rejects stand in for.
  [[nodiscard]] std::vector<std::int64_t> replaced(const std::string& run,
                                                   const std::pair<std::string, std::string>& owner,
                                                   const Unit& unit);
  void insert_rows(std::int64_t number, const std::vector<StoredReject>& rejects,
                   std::size_t count);

  JournalDatabase* database_;
  std::int64_t cap_;
};

}  // namespace flowrun
