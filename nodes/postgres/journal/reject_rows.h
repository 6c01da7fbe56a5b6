// Rejects that no sink takes, in the PostgreSQL journal.
#pragma once

#include <string>
#include <vector>

#include "engine/state/journal.h"
#include "nodes/postgres/journal/journal_server.h"

namespace flowrun::postgres {

/// Any thread.
class RejectRows {
 public:
  explicit RejectRows(JournalServer& server) : server_(&server) {}

  /// See Journal::put_rejects; `owner` is the run's pipeline and instance.
  void put(const std::string& run, const JournalServer::Owner& owner, const Unit& unit,
           const std::vector<StoredReject>& rejects, std::int64_t total);
  [[nodiscard]] StoredRejects list(const std::string& run, std::int64_t limit);

 private:
  JournalServer* server_;
};

}  // namespace flowrun::postgres
