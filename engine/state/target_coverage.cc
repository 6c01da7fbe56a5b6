#include "engine/state/target_coverage.h"

#include <algorithm>

namespace flowrun {
namespace {

bool holds(const TargetCoverage& target, const Coverage& unit) {
  return std::any_of(target.coverage.begin(), target.coverage.end(), [&](const Coverage& entry) {
    if (entry.kind != unit.kind || entry.generation < unit.generation) return false;
    if (unit.kind != UnitKind::window) return entry.id == unit.id;
    return entry.interval.from <= unit.interval.from && unit.interval.until <= entry.interval.until;
  });
}

}  // namespace

bool all_hold(const std::vector<TargetCoverage>& targets, const Coverage& unit) {
  return std::all_of(targets.begin(), targets.end(),
                     [&](const TargetCoverage& target) { return holds(target, unit); });
}

std::int64_t newest_epoch(const std::vector<TargetCoverage>& targets) {
  std::int64_t newest = 0;
  for (const auto& target : targets) {
    newest = std::max(newest, target.epoch);
    for (const auto& entry : target.coverage) newest = std::max(newest, entry.epoch);
  }
  return newest;
}

bool is_outlived(const Coverage& entry, std::optional<Micros> retention, Micros now) {
  return retention && entry.committed_at < now - *retention;
}

std::optional<Micros> watermark_of(std::vector<UnitRecord> units, RunState state) {
  std::erase_if(units, [](const auto& each) { return each.unit.kind != UnitKind::window; });
  std::sort(units.begin(), units.end(),
            [](const auto& a, const auto& b) { return a.unit.interval < b.unit.interval; });
  std::optional<Micros> until;
  for (const auto& each : units) {
    const bool touches = !until || state == RunState::ok || each.unit.interval.from <= *until;
    if (each.state != UnitState::journalled || !touches) break;
    until = std::max(until.value_or(each.unit.interval.until), each.unit.interval.until);
  }
  return until;
}

}  // namespace flowrun
