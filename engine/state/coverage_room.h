// How a committed unit of a target without transactions gets its place among those before it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/spec/node.h"

namespace flowrun {

/// A unit as a journal keeps it, under the number of its row.
struct CoverageEntry {
  std::int64_t number = 0;
  CoverageStore::Prepared what;
};

/// What is to be done before a marker can be put in.
struct CoverageRoom {
  std::vector<std::int64_t> remove;
  /// What the entries removed hold beside the unit (a stretch without rows, mostly): stays.
  std::vector<CoverageStore::Prepared> keep;
};

/// `old`: the committed entries that overlap the marker's unit. Nothing where the marker is there
/// already, the same to the last letter. Throws Error(lease) where another generation stands there
/// than the marker replaces.
[[nodiscard]] std::optional<CoverageRoom> room_for(const Marker& marker, const std::string& note,
                                                   const std::vector<CoverageEntry>& old);

/// Throws Error(lease) where `newest`, the epoch of the last who took the lease, is beyond `mine`.
void refuse_older_epoch(const Marker& marker, std::int64_t mine, std::int64_t newest);

}  // namespace flowrun
