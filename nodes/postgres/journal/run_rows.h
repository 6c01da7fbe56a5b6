// Runs, their units and their nodes in the PostgreSQL journal.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/state/journal.h"
#include "engine/state/pending_units.h"
#include "nodes/postgres/journal/journal_server.h"

namespace flowrun::postgres {

/// Any thread. States of units are kept in memory until a few have come together, and written in
/// one statement.
class RunRows {
 public:
  explicit RunRows(JournalServer& server) : server_(&server) {}

  [[nodiscard]] std::string start(const RunStart& start, std::int64_t epoch);
  void end(const std::string& run, RunState state, const std::string& reason,
           const std::string& totals, const std::vector<NodeCounts>& nodes);
  void put_unit(const std::string& run, const UnitRecord& unit);
  void flush();

  [[nodiscard]] std::vector<RunRecord> list(const RunFilter& filter);
  [[nodiscard]] std::optional<RunRecord> find(const std::string& id);
  [[nodiscard]] std::vector<UnitRecord> units(const std::string& run);
  [[nodiscard]] std::vector<NodeCounts> nodes(const std::string& run);
  /// Pipeline and instance of a run; throws Error(internal) where there is none.
  [[nodiscard]] JournalServer::Owner owner(const std::string& run);

 private:
  void flush_locked();

  JournalServer* server_;
  std::mutex mutex_;  ///< of what waits; taken before the server's
  PendingUnits pending_;
  std::mutex owners_mutex_;
  std::map<std::string, JournalServer::Owner> owners_;
};

}  // namespace flowrun::postgres
