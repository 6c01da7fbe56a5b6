// The journal in a PostgreSQL database: what pipelines have that several machines start.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/core/secret.h"
#include "engine/state/journal.h"
#include "engine/state/journal_options.h"

namespace flowrun::postgres {

/// True for a URL of PostgreSQL's.
[[nodiscard]] bool is_journal_url(std::string_view url);

/// Opens the journal in the database at `url` ("postgresql://…"), in its schema flowrun_journal,
/// which is made or brought to the current version. Null where access is `existing` and there is
/// none. Throws Error(plan) where it is from a newer flowrun or a right is missing, Error(io) where
/// the server cannot be reached.
[[nodiscard]] std::unique_ptr<Journal> open_journal(const Secret& url, JournalAccess access,
                                                    const JournalOptions& options = {});

/// host:port/database, for messages.
[[nodiscard]] std::string shown_journal(const Secret& url);

}  // namespace flowrun::postgres
