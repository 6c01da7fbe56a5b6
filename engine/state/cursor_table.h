// How far cursors have come, in the SQLite journal.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "engine/state/cursor_state.h"
#include "engine/state/journal_database.h"

namespace flowrun {

/// Whoever calls holds the database's mutex.
class CursorTable {
 public:
  using Owner = std::pair<std::string, std::string>;  ///< pipeline and instance

  explicit CursorTable(JournalDatabase& database) : database_(&database) {}

  [[nodiscard]] std::map<std::string, CursorState> load(const Owner& owner);
  /// See Journal::put_cursors. A transaction of its own, durable.
  void put(const Owner& owner, const std::map<std::string, CursorState>& states);

 private:
  void insert_marks(const Owner& owner, const std::string& source, bool until_load,
                    const CursorMarks& marks);

  JournalDatabase* database_;
};

}  // namespace flowrun
