// The lines of units that are not committed yet: memory first, then the part file they belong to.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/spool.h"
#include "engine/spec/unit.h"
#include "nodes/files/part.h"

namespace flowrun::nodes {

/// The lines of one unit, written to its part in the order of their ordinals. What does not fit in
/// memory goes straight to where it will stay, lowest ordinals first; only where a batch then
/// arrives that belongs before what is written, or between its rows, everything is sorted through a
/// spool and written again. Used by one thread.
class LineStage {
 public:
  /// `open_part` gives the part to write to; asked at most once, when there is something to write.
  LineStage(std::string scratch_directory, std::function<FilePart&()> open_part)
      : scratch_directory_(std::move(scratch_directory)), open_part_(std::move(open_part)) {}

  /// Takes lines in ordinal order (a batch of line_schema()).
  void add(BatchRef lines);
  [[nodiscard]] std::int64_t memory() const { return memory_; }
  /// Moves at least half of what is in memory to disk.
  void spill();
  /// Writes the rest; `memory_limit` is for sorting. Nothing where the unit has no rows: then no
  /// part was asked for.
  [[nodiscard]] std::optional<FileExtent> finish(std::int64_t memory_limit);
  /// The part that was written to; null before.
  [[nodiscard]] FilePart* part() const { return writer_ ? &writer_->part() : nullptr; }
  void drop() noexcept;

 private:
  /// A batch whose bytes are in the part and whose rows' ends and ordinals are in the scratch file.
  struct Written {
    std::uint64_t first = 0;
    std::int64_t text_offset = 0;
    std::int64_t text_size = 0;
    std::int64_t block_offset = 0;
    std::int64_t block_size = 0;
  };

  void sort_pending();
  [[nodiscard]] bool follows(std::size_t i) const;
  PartWriter& writer();
  void write_through(const Batch& lines);
  [[nodiscard]] BatchRef read_back(const Written& written);
  void sort_all(std::int64_t memory_limit);

  std::string scratch_directory_;
  std::function<FilePart&()> open_part_;
  std::optional<PartWriter> writer_;
  std::vector<BatchRef> pending_;
  std::int64_t memory_ = 0;
  std::vector<Written> written_;
  std::uint64_t last_written_ = 0;  ///< ordinal; where anything is written
  FileHandle scratch_;
  std::int64_t scratch_size_ = 0;
  std::optional<Spool> spool_;  ///< once everything has to be sorted
};

/// The stages of a sink, with one memory limit for all. Used by one thread.
class LineStaging {
 public:
  LineStaging(std::int64_t memory_limit, std::string scratch_directory)
      : memory_limit_(memory_limit), scratch_directory_(std::move(scratch_directory)) {}

  void begin(const Unit& unit, std::function<FilePart&()> open_part);
  void write(const Unit& unit, BatchRef lines);
  [[nodiscard]] std::optional<FileExtent> finish(const Unit& unit) {
    return at(unit).finish(memory_limit_);
  }
  [[nodiscard]] LineStage& at(const Unit& unit) { return stages_.at(unit.index); }
  void end(const Unit& unit) { stages_.erase(unit.index); }
  void drop(const Unit& unit) noexcept;

 private:
  std::int64_t memory_limit_;
  std::string scratch_directory_;
  std::map<std::uint32_t, LineStage> stages_;
};

}  // namespace flowrun::nodes
