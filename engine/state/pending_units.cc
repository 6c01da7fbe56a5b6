#include "engine/state/pending_units.h"

#include <utility>

#include "engine/state/journal_words.h"

namespace flowrun {
namespace {

constexpr std::size_t kMost = 256;
constexpr std::chrono::milliseconds kOldest{250};

}  // namespace

void PendingUnits::put(const std::string& run, const UnitRecord& unit, Micros now) {
  if (units_.empty()) since_ = std::chrono::steady_clock::now();
  UnitRecord record = unit;
  record.started = now;
  record.ended = is_end(unit.state) ? now : 0;
  const auto [found, fresh] =
      units_.try_emplace({run, unit.unit.kind, start_of(unit.unit), unit.unit.id}, record);
  if (fresh) return;
  record.started = found->second.started;
  found->second = std::move(record);
}

bool PendingUnits::is_due() const {
  return units_.size() >= kMost ||
         (!units_.empty() && std::chrono::steady_clock::now() - since_ >= kOldest);
}

}  // namespace flowrun
