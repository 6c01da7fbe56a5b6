#include "engine/spec/coverage.h"

#include <algorithm>
#include <utility>

namespace flowrun {
namespace {

bool continues(const Coverage& before, const Coverage& after) {
  return before.interval.until == after.interval.from && before.generation == after.generation &&
         before.plan_hash == after.plan_hash &&
         (before.inputs == after.inputs || *before.inputs == *after.inputs);
}

void extend(Coverage& entry, const Coverage& by) {
  entry.interval.until = by.interval.until;
  entry.rows += by.rows;
  if (by.epoch >= entry.epoch) entry.run = by.run;
  entry.epoch = std::max(entry.epoch, by.epoch);
  entry.committed_at = std::max(entry.committed_at, by.committed_at);
}

}  // namespace

std::vector<Coverage> merge_coverage(std::vector<Coverage> entries) {
  const auto windows_end = std::stable_partition(
      entries.begin(), entries.end(), [](const Coverage& c) { return c.kind == UnitKind::window; });
  std::stable_sort(entries.begin(), windows_end, [](const Coverage& a, const Coverage& b) {
    return a.interval.from < b.interval.from;
  });
  std::vector<Coverage> merged;
  for (auto& entry : entries) {
    if (entry.kind == UnitKind::window && !merged.empty() && continues(merged.back(), entry)) {
      extend(merged.back(), entry);
    } else {
      merged.push_back(std::move(entry));
    }
  }
  return merged;
}

bool overlaps(const Coverage& entry, const Coverage& coverage) {
  if (entry.kind != coverage.kind) return false;
  if (entry.kind != UnitKind::window) return entry.id == coverage.id;
  return entry.interval.from < coverage.interval.until &&
         coverage.interval.from < entry.interval.until;
}

}  // namespace flowrun
