// Removes old runs from the PostgreSQL journal.
#pragma once

#include "nodes/postgres/journal/journal_server.h"

namespace flowrun::postgres {

/// See JournalOptions::retention; of one instance.
void remove_old_runs(JournalServer& server, const JournalServer::Owner& owner);

}  // namespace flowrun::postgres
