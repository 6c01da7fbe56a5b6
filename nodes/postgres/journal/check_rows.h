// What checks found out about units, in the PostgreSQL journal.
#pragma once

#include <string>
#include <vector>

#include "engine/state/journal.h"
#include "nodes/postgres/journal/journal_server.h"

namespace flowrun::postgres {

/// Any thread.
class CheckRows {
 public:
  explicit CheckRows(JournalServer& server) : server_(&server) {}

  /// See Journal::put_checks.
  void put(const std::string& run, const Unit& unit, const std::vector<StoredCheck>& checks);
  [[nodiscard]] std::vector<StoredCheck> list(const std::string& run);

 private:
  JournalServer* server_;
};

}  // namespace flowrun::postgres
