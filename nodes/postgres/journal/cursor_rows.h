// How far cursors have come, in the PostgreSQL journal.
#pragma once

#include <map>
#include <string>

#include "engine/state/cursor_state.h"
#include "nodes/postgres/journal/journal_server.h"

namespace flowrun::postgres {

/// Any thread.
class CursorRows {
 public:
  explicit CursorRows(JournalServer& server) : server_(&server) {}

  [[nodiscard]] std::map<std::string, CursorState> load(const JournalServer::Owner& owner);
  /// See Journal::put_cursors. Throws Error(lease) where this process holds the instance's lease
  /// and somebody has taken it over.
  void put(const JournalServer::Owner& owner, const std::map<std::string, CursorState>& states);

 private:
  JournalServer* server_;
};

}  // namespace flowrun::postgres
