// A place for a journal of the kind that a test program is about, and the words that tests of
// journals repeat. The same tests are part of one program per kind.
#pragma once

#include <memory>
#include <string>

#include "engine/core/clock.h"
#include "engine/state/journal.h"
#include "engine/state/journal_options.h"

namespace flowrun::testing {

/// Empty at first. At most one at a time.
class JournalPlace {
 public:
  JournalPlace();
  ~JournalPlace();
  JournalPlace(const JournalPlace&) = delete;
  JournalPlace& operator=(const JournalPlace&) = delete;

  /// 2026-11-21T13:15:00Z
  FixedClock clock{1'795'266'900'000'000};

  [[nodiscard]] std::unique_ptr<Journal> open(JournalOptions options = {}) const;
  [[nodiscard]] std::unique_ptr<Journal> open(std::int64_t reject_cap) const {
    return open(JournalOptions{.reject_cap = reject_cap});
  }
  /// The only number of a query, asked behind the journal's back.
  [[nodiscard]] std::int64_t count(const std::string& sql) const;
  /// Takes the locks away from those who hold leases, without a word to them.
  void break_locks() const;

 private:
  struct Kind;
  std::unique_ptr<Kind> kind_;
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

inline void end_well(Journal& journal, const std::string& run) {
  journal.end_run(run, RunState::ok, "", "{}", {});
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
