#include "nodes/files/inventory.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include "engine/core/hash.h"
#include "nodes/files/part.h"

namespace flowrun::nodes {
namespace {

bool share_inputs(const Coverage& a, const Coverage& b) {
  return std::any_of(a.inputs->begin(), a.inputs->end(),
                     [&](const auto& input) { return b.inputs->contains(input.first); });
}

/// Takes an inventory step by step.
class Inventory {
 public:
  Inventory(const FileOutput& output, CoverageStore& store, const CoverageKey& key)
      : output_(output), paths_{output.path}, there_(paths_.parts()) {
    found_.joined = size_of_file(paths_.joined()) >= 0;
    read_notes(store.committed(key), found_.units, found_.lost);
    read_notes(store.prepared(key), found_.finished, found_.hopeless);
    for (const auto& part : there_) found_.last_number = std::max(found_.last_number, part.first);
  }

  FileInventory take() {
    check_prepared();
    drop_superseded_windows();
    drop_superseded_loads();
    find_layout();
    check_parts();
    return std::move(found_);
  }

 private:
  void read_notes(std::vector<CoverageStore::Prepared> notes, std::vector<FileUnit>& units,
                  std::vector<Marker>& bad) {
    for (auto& [marker, note] : notes) {
      auto range = parse_range(note);
      if (range) found_.last_number = std::max(found_.last_number, range->part);
      if (range && range->format == output_.format) {
        units.push_back({std::move(marker), std::move(*range)});
      } else {
        bad.push_back(std::move(marker));
      }
    }
  }

  [[nodiscard]] bool is_in_part(const FileRange& range) const {
    return !found_.joined && there_.contains(range.part);
  }

  void check_prepared() {
    std::vector<FileUnit> finished;
    for (auto& unit : found_.finished) {
      const auto& range = unit.range;
      const bool there = range.length == 0 ||
                         (is_in_part(range) && verify_ranges(paths_.part(range.part),
                                                             output_.header, {range}, false)[0]);
      if (there) {
        found_.units.push_back(unit);
        finished.push_back(std::move(unit));
      } else {
        found_.hopeless.push_back(std::move(unit.marker));
      }
    }
    found_.finished = std::move(finished);
  }

  void drop_superseded_windows() {
    auto& units = found_.units;
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < units.size(); ++i) {
      if (units[i].range.kind == UnitKind::window) order.push_back(i);
    }
    std::sort(order.begin(), order.end(),
              [&](auto a, auto b) { return units[a].range.cell < units[b].range.cell; });
    std::vector<bool> old(units.size(), false);
    for (std::size_t i = 0; i < order.size(); ++i) {
      for (auto j = i + 1;
           j < order.size() && share_rows(units[order[i]].range, units[order[j]].range); ++j) {
        const auto one = units[order[i]].range.generation;
        const auto other = units[order[j]].range.generation;
        if (one < other) old[order[i]] = true;
        if (other < one) old[order[j]] = true;
      }
    }
    drop(old);
  }

  void drop_superseded_loads() {
    std::vector<bool> old(found_.units.size(), false);
    std::set<std::string> seen;  // ids and inputs of later loads
    for (std::size_t i = found_.units.size(); i-- > 0;) {
      const auto& unit = found_.units[i];
      if (unit.range.kind == UnitKind::window) continue;
      const auto id = "\n" + unit.range.id;
      old[i] = seen.contains(id);
      const bool load = unit.range.kind == UnitKind::load;
      for (const auto& input : *unit.marker.coverage.inputs)
        old[i] = old[i] || (load && seen.contains(input.first));
      seen.insert(id);
      if (!load) continue;
      for (const auto& input : *unit.marker.coverage.inputs) seen.insert(input.first);
    }
    drop(old);
  }

  /// Takes units out. An entry that the journal split so that only a stretch without rows is left
  /// of it stays.
  void drop(const std::vector<bool>& gone) {
    std::vector<FileUnit> kept;
    for (std::size_t i = 0; i < gone.size(); ++i) {
      auto& unit = found_.units[i];
      const bool empty = !covers_cell(unit.marker.coverage, unit.range);
      if (!gone[i] || empty) {
        if (gone[i]) unit.range.length = 0;
        kept.push_back(std::move(unit));
      } else {
        found_.lost.push_back(std::move(unit.marker));
      }
    }
    found_.units = std::move(kept);
  }

  /// Finds out what PATH holds, and whether it does.
  void find_layout() {
    auto& layout = found_.in_file;
    if (!found_.joined && size_of_file(paths_.base()) >= 0) {
      std::ifstream base(paths_.base());
      for (std::string line; std::getline(base, line);) {
        if (auto range = parse_range(line)) layout.push_back(std::move(*range));
      }
    } else {
      for (const auto& unit : found_.units) {
        if (unit.range.length != 0 && !is_in_part(unit.range)) layout.push_back(unit.range);
      }
      std::sort(layout.begin(), layout.end(), comes_before);
      layout.erase(std::unique(layout.begin(), layout.end()), layout.end());
      auto offset = static_cast<std::int64_t>(output_.header.size());
      for (auto& range : layout) {
        range.offset = offset;
        offset += range.length;
      }
    }
    auto asked = layout;
    asked.push_back(
        {.offset = layout.empty() ? static_cast<std::int64_t>(output_.header.size())
                                  : layout.back().end(),
         .digest = Fingerprinter().digest()});  // no rows, to ask about the header and the end
    const auto answers =
        verify_ranges(found_.joined ? paths_.joined() : paths_.file, output_.header, asked, true);
    found_.whole = std::find(answers.begin(), answers.end(), false) == answers.end();
    if (!found_.whole) layout.clear();
  }

  [[nodiscard]] bool is_in_file(const FileRange& range) const {
    const auto& layout = found_.in_file;
    const auto at = std::lower_bound(layout.begin(), layout.end(), range, comes_before);
    return at != layout.end() && same_unit(*at, range) && at->generation == range.generation &&
           at->digest == range.digest;
  }

  /// Takes out units whose bytes are neither in PATH nor in a part.
  void check_parts() {
    std::map<std::int64_t, std::vector<std::size_t>> by_part;
    std::vector<bool> gone(found_.units.size(), false);
    for (std::size_t i = 0; i < found_.units.size(); ++i) {
      const auto& range = found_.units[i].range;
      if (range.length == 0) continue;
      if (is_in_part(range)) {
        by_part[range.part].push_back(i);
      } else {
        gone[i] = !is_in_file(range);
      }
    }
    for (const auto& [number, units] : by_part) {
      std::vector<FileRange> ranges;
      for (const auto i : units) ranges.push_back(found_.units[i].range);
      const auto good = verify_ranges(paths_.part(number), output_.header, ranges, false);
      for (std::size_t i = 0; i < units.size(); ++i) {
        gone[units[i]] = !good[i];
        if (good[i]) found_.parts[number] = std::max(found_.parts[number], ranges[i].end());
      }
    }
    // Rows without a time come last, so their unit says that all was read: not while rows are
    // missing.
    const bool incomplete = std::find(gone.begin(), gone.end(), true) != gone.end();
    for (std::size_t i = 0; i < gone.size(); ++i) {
      gone[i] = gone[i] || (incomplete && found_.units[i].range.kind == UnitKind::unplaced);
    }
    drop(gone);
  }

  const FileOutput& output_;
  FilePaths paths_;
  std::map<std::int64_t, std::int64_t> there_;
  FileInventory found_;
};

}  // namespace

std::string FilePaths::part(std::int64_t number) const {
  return folder() + "/" + std::to_string(number) + ".part";
}

std::map<std::int64_t, std::int64_t> FilePaths::parts() const {
  std::map<std::int64_t, std::int64_t> parts;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder(), error)) {
    const auto name = entry.path().filename().string();
    std::int64_t number = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (bad == std::errc() && std::string_view(end) == ".part")
      parts[number] = size_of_file(entry.path().string());
  }
  return parts;
}

bool supersedes(const FileUnit& newer, const FileUnit& older) {
  if (newer.range.kind != older.range.kind) return false;
  if (newer.range.kind == UnitKind::load &&
      share_inputs(newer.marker.coverage, older.marker.coverage))
    return true;
  return share_rows(newer.range, older.range);
}

FileInventory take_inventory(const FileOutput& output, CoverageStore& store,
                             const CoverageKey& key) {
  return Inventory(output, store, key).take();
}

}  // namespace flowrun::nodes
