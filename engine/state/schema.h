// The tables of the SQLite journal, version by version.
#pragma once

#include "engine/sqlite/connection.h"

namespace flowrun {

/// Brings a journal to the current version; a new file gets its tables. Throws Error(plan) where
/// the file was written by a newer flowrun or is no journal.
void migrate_journal(sqlite::Connection& connection);

}  // namespace flowrun
