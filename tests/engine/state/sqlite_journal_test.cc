#include "engine/state/sqlite_journal.h"

#include <filesystem>

#include "engine/core/error.h"
#include "tests/engine/state/state_folder.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace flowrun;
using namespace flowrun::testing;

TEST_CASE("a journal that is not there is not made for a look at it") {
  const StateFolder state;
  CHECK(open_sqlite_journal("sqlite:" + state.path(), JournalAccess::existing) == nullptr);
  CHECK_FALSE(std::filesystem::exists(state.folder / ".flowrun"));
  (void)state.open();
  CHECK(open_sqlite_journal("sqlite:" + state.path(), JournalAccess::existing) != nullptr);
}

TEST_CASE("a url that names no file is refused") {
  CHECK_THROWS_WITH(open_sqlite_journal("postgres://x", JournalAccess::create),
                    ContainsSubstring("sqlite:/path"));
  CHECK_THROWS_WITH(open_sqlite_journal("sqlite:", JournalAccess::create),
                    ContainsSubstring("sqlite:/path"));
}

TEST_CASE("a holder whose lock file was removed finds out") {
  const StateFolder state;
  auto journal = state.open();
  const auto lease = journal->acquire("p", "");
  std::filesystem::remove_all(state.folder / ".flowrun/locks");
  CHECK_THROWS_WITH(lease->check(), ContainsSubstring("was removed"));
}
