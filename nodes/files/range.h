// Where the rows of a unit lie in a file, and whether they are still there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/spec/unit.h"

namespace flowrun::nodes {

/// The bytes of one unit's rows. As text it is the note that the journal keeps with the unit's
/// marker.
struct FileRange {
  UnitKind kind = UnitKind::load;
  Interval cell;   ///< windows: the unit's own cell, not the stretch that its marker covers
  std::string id;  ///< loads: the load's id
  std::int64_t generation = 1;
  std::int64_t sequence = 0;  ///< loads: their order in the file
  std::int64_t part = 0;      ///< number of the part file that it was written to
  std::int64_t offset = 0;
  std::int64_t length = 0;
  std::string digest;
  std::string format;  ///< fingerprint of how the rows are written

  [[nodiscard]] std::int64_t end() const { return offset + length; }
  friend bool operator==(const FileRange&, const FileRange&) = default;
};

[[nodiscard]] FileRange range_of(const Unit& unit, std::int64_t generation);
[[nodiscard]] std::string to_text(const FileRange& range);
/// Nothing where the text is no range.
[[nodiscard]] std::optional<FileRange> parse_range(const std::string& text);

/// The order of units in a file: windows by time, then rows without a time, loads as they were
/// committed.
[[nodiscard]] bool comes_before(const FileRange& a, const FileRange& b);
/// True where both stand for the same unit, whatever the generation.
[[nodiscard]] bool same_unit(const FileRange& a, const FileRange& b);
/// True where both stand for the same unit or for overlapping windows.
[[nodiscard]] bool share_rows(const FileRange& a, const FileRange& b);

/// False where an entry's interval is only a stretch without rows beside the unit that it once
/// belonged to.
[[nodiscard]] bool covers_cell(const Coverage& entry, const FileRange& range);

/// For each range whether `path` begins with `header` and holds the range's bytes by their digest;
/// all false where, with `whole`, it goes on behind the last one. What was found is remembered as
/// long as the file keeps inode, size and times, so that asking again costs nothing. Any thread.
[[nodiscard]] std::vector<bool> verify_ranges(const std::string& path, const std::string& header,
                                              const std::vector<FileRange>& ranges, bool whole);
/// Notes that the file is known to hold all of the ranges: it has just been written.
void remember_verified(const std::string& path, const std::string& header,
                       const std::vector<FileRange>& ranges, bool whole);

}  // namespace flowrun::nodes
