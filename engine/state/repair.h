// Brings the journal in line with what the targets hold.
#pragma once

#include <vector>

#include "engine/state/instance_lease.h"
#include "engine/state/journal_database.h"

namespace flowrun {

/// See Journal::repair. The database's mutex is held.
void repair_journal(JournalDatabase& database, InstanceLease& lease,
                    const std::vector<TargetCoverage>& targets);

}  // namespace flowrun
