// A folder with a journal in it, and the words that tests of journals repeat.
#pragma once

#include <memory>
#include <string>

#include "engine/core/clock.h"
#include "engine/sqlite/connection.h"
#include "engine/state/sqlite_journal.h"
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

[[nodiscard]] inline RunStart start_of_run(const std::string& pipeline = "p",
                                           const std::string& instance = "") {
  return {.pipeline = pipeline,
          .instance = instance,
          .path = "/x/p.toml",
          .file_hash = "f",
          .plan_hash = "h",
          .params = R"({"ship":"A"})",
          .now = 7};
}

[[nodiscard]] inline Unit window_unit(Micros from, Micros until, std::int64_t generation = 1) {
  return {.kind = UnitKind::window,
          .interval = {from, until},
          .id = format_timestamp(from),
          .generation = generation};
}

[[nodiscard]] inline Unit load_unit(const std::string& id) {
  return {.kind = UnitKind::load, .id = id};
}

[[nodiscard]] inline Coverage window_coverage(Micros from, Micros until,
                                              const std::string& run = "r",
                                              std::int64_t generation = 1) {
  return {.kind = UnitKind::window,
          .interval = {from, until},
          .plan_hash = "h",
          .inputs = std::make_shared<const InputSet>(InputSet{{"a:x.csv", "12ab"}}),
          .generation = generation,
          .epoch = 1,
          .run = run,
          .rows = 10,
          .committed_at = 5};
}

}  // namespace flowrun::testing
