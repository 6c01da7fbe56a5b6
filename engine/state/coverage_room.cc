#include "engine/state/coverage_room.h"

#include <algorithm>
#include <utility>

#include "engine/core/error.h"

namespace flowrun {
namespace {

std::string shown(const Coverage& coverage) {
  return Unit{.kind = coverage.kind, .interval = coverage.interval, .id = coverage.id}.shown();
}

void keep_rests(const Marker& marker, const CoverageStore::Prepared& entry, CoverageRoom& room) {
  const auto& there = entry.marker.coverage;
  if (there.kind != UnitKind::window) return;
  const auto& cell = marker.coverage.interval;
  for (const Interval rest :
       {Interval{there.interval.from, cell.from}, Interval{cell.until, there.interval.until}}) {
    if (rest.from >= rest.until) continue;
    auto part = entry;
    part.marker.coverage.interval = rest;
    room.keep.push_back(std::move(part));
  }
}

}  // namespace

std::optional<CoverageRoom> room_for(const Marker& marker, const std::string& note,
                                     const std::vector<CoverageEntry>& old) {
  std::int64_t newest = 0;
  for (const auto& entry : old) {
    const auto& there = entry.what.marker.coverage;
    const bool same = there.interval == marker.coverage.interval &&
                      there.generation == marker.coverage.generation &&
                      there.run == marker.coverage.run && entry.what.note == note;
    if (same) return std::nullopt;
    newest = std::max(newest, there.generation);
  }
  if (newest != marker.replaces) {
    throw Error(Errc::lease,
                "{}: {} was committed by somebody else meanwhile (generation {}, expected {})",
                marker.key.target, shown(marker.coverage), newest, marker.replaces);
  }
  CoverageRoom room;
  for (const auto& entry : old) {
    room.remove.push_back(entry.number);
    keep_rests(marker, entry.what, room);
  }
  return room;
}

void refuse_older_epoch(const Marker& marker, std::int64_t mine, std::int64_t newest) {
  if (newest <= mine) return;
  throw Error(Errc::lease, "{}: a newer run has taken over pipeline \"{}\" (epoch {} after {})",
              marker.key.target, marker.key.pipeline, newest, mine);
}

}  // namespace flowrun
