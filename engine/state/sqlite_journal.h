// The journal in an SQLite file: what a pipeline has unless its [state] says otherwise.
#pragma once

#include <memory>
#include <string>

#include "engine/state/journal.h"
#include "engine/state/journal_options.h"

namespace flowrun {

/// Opens the journal at `url` ("sqlite:/abs/.flowrun/state.db"), bringing an older one to the
/// current version. Null where access is `existing` and there is none. Throws Error(plan) where it
/// is from a newer flowrun, Error(io) else.
[[nodiscard]] std::unique_ptr<Journal> open_sqlite_journal(const std::string& url,
                                                           JournalAccess access,
                                                           const JournalOptions& options = {});

}  // namespace flowrun
