// Brings the PostgreSQL journal in line with what the targets hold.
#pragma once

#include <vector>

#include "nodes/postgres/journal/lease.h"

namespace flowrun::postgres {

/// See Journal::repair.
void repair_journal(JournalServer& server, PostgresLease& lease,
                    const std::vector<TargetCoverage>& targets);

}  // namespace flowrun::postgres
