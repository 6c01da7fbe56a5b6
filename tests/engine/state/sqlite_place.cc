#include <filesystem>

#include "tests/engine/state/journal_place.h"
#include "tests/engine/state/state_folder.h"

namespace flowrun::testing {

struct JournalPlace::Kind {
  StateFolder state;
};

JournalPlace::JournalPlace() : kind_(std::make_unique<Kind>()) {}
JournalPlace::~JournalPlace() = default;

std::unique_ptr<Journal> JournalPlace::open(JournalOptions options) const {
  options.clock = &clock;
  return open_sqlite_journal("sqlite:" + kind_->state.path(), JournalAccess::create, options);
}

std::int64_t JournalPlace::count(const std::string& sql) const {
  return kind_->state.look().integer(sql).value();
}

void JournalPlace::break_locks() const {
  std::filesystem::remove_all(kind_->state.folder / ".flowrun/locks");
}

}  // namespace flowrun::testing
