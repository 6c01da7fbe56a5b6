// Staging for the rows of a unit: memory first, then disk; given back in the order of their
// ordinals.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/core/file.h"
#include "engine/data/batch.h"
#include "engine/data/batch_bytes.h"

namespace flowrun {

/// Orders rows whatever order their batches come in. Rows are ordered by ordinal; rows of one batch
/// with the same ordinal keep their order, those of different batches are ordered by content, so
/// that what comes out depends neither on the order of arrival nor on the memory limit. Used by one
/// thread.
class Spool {
 public:
  /// Keeps batches of up to `memory_limit` bytes together in memory and the rest in a nameless file
  /// in `directory`, made when first needed.
  Spool(std::int64_t memory_limit, std::string directory);

  /// Takes a batch; all of one spool have the same schema. Throws Error(io) where the disk is full.
  void add(BatchRef batch);

  /// Shows every row in order, in batches that need not be those that were added. Reads back a
  /// batch at a time; where batches overlap, as many at a time as the memory limit holds (at least
  /// two). May be called again.
  void for_each(const std::function<void(const BatchRef&)>& visit);

  [[nodiscard]] std::int64_t rows() const { return rows_; }
  /// Bytes of the batches in memory.
  [[nodiscard]] std::int64_t memory() const { return memory_; }
  /// Bytes in the file.
  [[nodiscard]] std::int64_t spilled_bytes() const { return spilled_; }

 private:
  friend class SpoolMerge;
  struct Entry {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    BatchRef batch;  ///< null where it is in the file
    std::int64_t offset = 0;
    std::int64_t size = 0;
  };
  /// Entries whose ranges of ordinals do not overlap, ascending.
  using Run = std::vector<Entry>;

  [[nodiscard]] Entry spill(const Batch& batch);
  [[nodiscard]] BatchRef load(const Entry& entry) const;
  [[nodiscard]] std::vector<Run> runs() const;
  [[nodiscard]] std::vector<Run> merge_some(std::span<const Run> runs, std::size_t fan_in);

  std::int64_t memory_limit_;
  std::string directory_;
  SchemaRef schema_;
  std::vector<Entry> entries_;
  std::int64_t rows_ = 0;
  std::int64_t memory_ = 0;
  std::int64_t spilled_ = 0;
  FileHandle file_;
  DictionaryAges dictionaries_;
};

/// The batch with its rows in the order of their ordinals, equal ones as they stand; itself where
/// they are in order.
[[nodiscard]] BatchRef sorted_by_ordinal(BatchRef batch);

/// Orders two rows of one schema by content: column by column, null first, then as compare_at does.
[[nodiscard]] int compare_rows(const Batch& x, std::int64_t a, const Batch& y, std::int64_t b);

}  // namespace flowrun
