// A folder with an SQLite journal in it.
#pragma once

#include <memory>
#include <string>

#include "engine/core/clock.h"
#include "engine/sqlite/connection.h"
#include "engine/state/sqlite_journal.h"
#include "tests/engine/state/journal_place.h"
#include "tests/support/temp_folder.h"

namespace flowrun::testing {

struct StateFolder {
  TempFolder folder;
  /// 2026-11-21T13:15:00Z
  FixedClock clock{1'795'266'900'000'000};

  [[nodiscard]] std::string path() const { return folder / ".flowrun/state.db"; }
  [[nodiscard]] std::unique_ptr<Journal> open(std::int64_t reject_cap = 10'000) const {
    return open_sqlite_journal("sqlite:" + path(), JournalAccess::create,
                               {.clock = &clock, .reject_cap = reject_cap});
  }
  /// A look behind the journal's back.
  [[nodiscard]] sqlite::Connection look() const { return {path(), sqlite::OpenMode::existing}; }
};

}  // namespace flowrun::testing
