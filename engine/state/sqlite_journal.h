// The journal in an SQLite file: what a pipeline has unless its [state] says otherwise.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/core/clock.h"
#include "engine/state/journal.h"

namespace flowrun {

/// create: makes folder and file where they are missing. existing: touches nothing that is not
/// there.
enum class JournalAccess { create, existing };

struct JournalOptions {
  const Clock* clock = nullptr;      ///< the system's where null; must outlive the journal
  std::int64_t reject_cap = 10'000;  ///< kept rejects of one run
};

/// Opens the journal at `url` ("sqlite:/abs/.flowrun/state.db"), bringing an older one to the
/// current version. Null where access is `existing` and there is none. Throws Error(plan) where it
/// is from a newer flowrun, Error(io) else.
[[nodiscard]] std::unique_ptr<Journal> open_sqlite_journal(const std::string& url,
                                                           JournalAccess access,
                                                           const JournalOptions& options = {});

}  // namespace flowrun
