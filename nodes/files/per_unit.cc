// One file per unit, named after it.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "engine/core/error.h"
#include "engine/spec/coverage.h"
#include "nodes/files/output.h"
#include "nodes/files/range.h"
#include "nodes/files/stage.h"

namespace flowrun::nodes {
namespace {

/// The names of the files of units.
class UnitPaths {
 public:
  explicit UnitPaths(const std::string& pattern)
      : front_(pattern.substr(0, pattern.find(kWindowInPath))),
        back_(pattern.substr(pattern.find(kWindowInPath) + kWindowInPath.size())) {}

  [[nodiscard]] std::string file(const Unit& unit) const {
    return front_ + unit.file_name() + back_;
  }
  [[nodiscard]] std::string file(const FileRange& range) const {
    return file(Unit{.kind = range.kind, .interval = range.cell, .id = range.id});
  }
  /// What a file is called until its unit commits.
  [[nodiscard]] static std::string unfinished(const std::string& file) { return file + ".part"; }
  [[nodiscard]] std::string folder() const { return folder_of(front_); }
  /// Unfinished files of this pattern that are there.
  [[nodiscard]] std::vector<std::string> all_unfinished() const {
    std::vector<std::string> found;
    const auto end = unfinished(back_);
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder(), error)) {
      const auto path = entry.path().string();
      if (path.size() <= front_.size() + end.size() || path.compare(0, front_.size(), front_) != 0)
        continue;
      if (path.compare(path.size() - end.size(), end.size(), end) != 0) continue;
      const auto name = path.substr(front_.size(), path.size() - front_.size() - end.size());
      const bool time = name.size() >= 16 && name.back() == 'Z' && name[8] == 'T' &&
                        name.find_first_not_of("0123456789.TZ") == std::string::npos;
      if (time || name == to_string(UnitKind::unplaced)) found.push_back(path);
    }
    return found;
  }

 private:
  std::string front_;
  std::string back_;
};

class UnitFileSink final : public Sink {
 public:
  explicit UnitFileSink(FileOutputRef output) : output_(std::move(output)), paths_(output_->path) {}
  std::vector<PlanStep> steps(const SinkContext&) override { return {}; }
  std::vector<Coverage> covered(const SinkContext& context) override;
  void open(const SinkContext& context) override;
  std::unique_ptr<Encoded> encode(BatchRef batch) const override {
    return encode_lines(*output_, std::move(batch));
  }
  void begin(const Unit& unit) override;
  void write(const Unit& unit, std::unique_ptr<Encoded> rows) override {
    staging_->write(unit, std::move(rows->batch));
  }
  void prepare(const Unit& unit, const Marker& marker, const Refuse& refuse) override;
  void commit(const Unit& unit) override;
  void abort(const Unit& unit) noexcept override;
  void close(bool /*complete*/) override {}

 private:
  struct Note {
    Marker marker;
    FileRange range;
  };
  [[nodiscard]] std::optional<FileRange> valid_range(const std::string& note) const;
  [[nodiscard]] bool holds(const std::string& path, const FileRange& range) const;
  [[nodiscard]] bool is_there(const Note& note) const;
  struct Committed {
    std::vector<Marker> there;
    std::vector<Marker> lost;
  };
  [[nodiscard]] Committed committed(const SinkContext& context) const;
  void finish(const Note& note);
  void remove(const std::string& path) const;

  FileOutputRef output_;
  UnitPaths paths_;
  SinkContext context_;
  std::optional<LineStaging> staging_;
  std::map<std::uint32_t, FilePart> parts_;
  std::optional<Note> prepared_;
};

std::optional<FileRange> UnitFileSink::valid_range(const std::string& note) const {
  auto range = parse_range(note);
  if (range && range->format != output_->format) return std::nullopt;
  return range;
}

/// Whether a file holds a unit's rows and nothing else. A unit without rows needs no file.
bool UnitFileSink::holds(const std::string& path, const FileRange& range) const {
  return range.length == 0 || verify_ranges(path, output_->header, {range}, true)[0];
}

/// Whether a committed unit's file is what it was.
bool UnitFileSink::is_there(const Note& note) const {
  return !covers_cell(note.marker.coverage, note.range) ||
         holds(paths_.file(note.range), note.range);
}

UnitFileSink::Committed UnitFileSink::committed(const SinkContext& context) const {
  Committed found;
  for (auto& [marker, note] : context.coverage->committed(context.key)) {
    const auto range = valid_range(note);
    const bool there = range && is_there({marker, *range});
    (there ? found.there : found.lost).push_back(std::move(marker));
  }
  if (found.lost.empty()) return found;
  // Rows without a time come last, so their unit says that all was read: not while a file is
  // missing.
  const auto rest = std::stable_partition(
      found.there.begin(), found.there.end(),
      [](const Marker& marker) { return marker.coverage.kind != UnitKind::unplaced; });
  std::move(rest, found.there.end(), std::back_inserter(found.lost));
  found.there.erase(rest, found.there.end());
  return found;
}

std::vector<Coverage> UnitFileSink::covered(const SinkContext& context) {
  std::vector<Coverage> covered;
  for (auto& marker : committed(context).there) covered.push_back(std::move(marker.coverage));
  for (auto& [marker, note] : context.coverage->prepared(context.key)) {
    const auto range = valid_range(note);
    if (!range) continue;
    const auto file = paths_.file(*range);
    if (!holds(file, *range) && !holds(UnitPaths::unfinished(file), *range)) continue;
    auto& own = marker.coverage;
    std::erase_if(covered, [&](const Coverage& there) { return overlaps(there, own); });
    covered.push_back(std::move(own));
  }
  return covered;
}

void UnitFileSink::open(const SinkContext& context) {
  std::filesystem::create_directories(paths_.folder());
  context_ = context;
  staging_.emplace(context.memory, context.spool_directory);
  auto& store = *context.coverage;
  for (const auto& [marker, note] : store.prepared(context.key)) {
    const auto range = valid_range(note);
    const auto file = range ? paths_.file(*range) : std::string();
    if (range && holds(UnitPaths::unfinished(file), *range)) {
      finish({marker, *range});
    } else if (range && holds(file, *range)) {  // it has its name, the journal lacks the commit
      store.commit(marker, note);
    } else {
      store.forget(marker);
    }
  }
  for (const auto& marker : committed(context).lost) store.forget(marker);
  for (const auto& path : paths_.all_unfinished()) remove(path);
}

void UnitFileSink::begin(const Unit& unit) {
  staging_->begin(
      unit,
      [this, index = unit.index, path = UnitPaths::unfinished(paths_.file(unit))]() -> FilePart& {
        auto& part = parts_[index];
        part.path = path;
        part.file = open_file(path, O_RDWR | O_CREAT | O_TRUNC);
        write_at(part.file.fd(), output_->header, 0, path);
        part.size = static_cast<std::int64_t>(output_->header.size());
        return part;
      });
}

void UnitFileSink::prepare(const Unit& unit, const Marker& marker, const Refuse& /*refuse*/) {
  auto range = range_of(unit, marker.coverage.generation);
  range.format = output_->format;
  if (const auto extent = staging_->finish(unit)) {
    const auto& part = parts_.at(unit.index);
    sync_file(part.file.fd(), part.path);
    range.offset = extent->offset;
    range.length = extent->length;
    range.digest = extent->digest;
  }
  context_.coverage->prepare(marker, to_text(range));
  prepared_ = {marker, std::move(range)};
}

void UnitFileSink::remove(const std::string& path) const {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) throw Error(Errc::io, "cannot remove {}: {}", path, error.message());
}

/// Gives the prepared file its name, where that has not happened yet, and then the journal its
/// coverage.
void UnitFileSink::finish(const Note& note) {
  const auto file = paths_.file(note.range);
  const auto unfinished = UnitPaths::unfinished(file);
  if (note.range.length == 0) {
    remove(file);  // of an earlier generation
  } else if (size_of_file(unfinished) >= 0) {
    std::error_code error;
    std::filesystem::rename(unfinished, file, error);
    if (error)
      throw Error(Errc::io, "cannot rename {} to {}: {}", unfinished, file, error.message());
  }
  sync_folder(paths_.folder());
  context_.coverage->commit(note.marker, to_text(note.range));
}

void UnitFileSink::commit(const Unit& unit) {
  finish(*prepared_);
  remember_verified(paths_.file(unit), output_->header, {prepared_->range}, true);
  prepared_.reset();
  staging_->end(unit);
  parts_.erase(unit.index);
}

void UnitFileSink::abort(const Unit& unit) noexcept {
  staging_->drop(unit);
  try {
    if (parts_.erase(unit.index) != 0) remove(UnitPaths::unfinished(paths_.file(unit)));
    if (prepared_ && paths_.file(prepared_->range) == paths_.file(unit)) {
      context_.coverage->forget(prepared_->marker);
      prepared_.reset();
    }
  } catch (const std::exception& error) {
    context_.log->warning("{}: {} is not cleared away: {}; the next run does it", output_->path,
                          unit.shown(), error.what());
  }
}

}  // namespace

std::unique_ptr<Sink> make_unit_file_sink(FileOutputRef output) {
  return std::make_unique<UnitFileSink>(std::move(output));
}

}  // namespace flowrun::nodes
