// Removes old runs from the SQLite journal.
#pragma once

#include <string>

#include "engine/state/journal_database.h"

namespace flowrun {

/// See JournalOptions::retention; of one instance, inside the caller's transaction. The database's
/// mutex is held.
void remove_old_runs(JournalDatabase& database, const std::string& pipeline,
                     const std::string& instance);

}  // namespace flowrun
