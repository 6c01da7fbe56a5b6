// The journal's tables in PostgreSQL, in the schema flowrun_journal.
#pragma once

#include "nodes/postgres/journal/journal_server.h"

namespace flowrun::postgres {

/// Whether the server's database holds a journal, of whatever version.
[[nodiscard]] bool has_journal(JournalServer& server);

/// Brings the tables to the current version, from none on; of several that start at once one does
/// it. Throws Error(plan) for a journal of a newer flowrun, and where rights are missing.
void migrate_journal(JournalServer& server);

}  // namespace flowrun::postgres
