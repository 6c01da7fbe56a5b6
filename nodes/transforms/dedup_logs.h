// The keys of a dedup in logs, by the upper bits of their hashes.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "nodes/kernels/key_log.h"

namespace flowrun::nodes {

/// The rows of a batch that logs take: of each run of equal keys the best one.
struct RunRows {
  const KeyRuns* runs = nullptr;
  const std::uint32_t* rows = nullptr;   ///< by run
  const std::uint64_t* ranks = nullptr;  ///< by row; null where all are 0
  std::uint64_t batch = 0;               ///< its part of their places
};

/// One log while there are few keys, and as many as it takes for a log to fit a core's cache when
/// there are many. A key may stand in a log several times; a log that has grown to twice what the
/// last look at it left is looked through, so that few keys in many rows keep short logs, and the
/// work stays linear.
class KeyLogs {
 public:
  explicit KeyLogs(const TieBreak& ties) : ties_(&ties) {}

  /// Appends rows. Returns by how many about the number of keys has grown. Any thread.
  [[nodiscard]] std::int64_t add(const KeyForm& form, const RunRows& rows);

  /// True where split() should be called, by one thread alone. Any thread.
  [[nodiscard]] bool wants_split() const { return wants_split_.load(std::memory_order_relaxed); }
  void split();
  /// Throws out all but one entry of every key; returns how many there are. One thread alone.
  std::int64_t compact();

  /// Logs, and one of them when it is looked through for the last time, for a thread of its own:
  /// calls visit(place) for every row that stays, and drops the log.
  [[nodiscard]] std::size_t size() const { return parts_.size(); }
  template <typename Visit>
  void drain(std::size_t part, Visit visit) {
    auto& log = parts_[part].log;
    log.compact(*ties_);
    log.for_each_place(visit);
    log.clear();
  }
  /// Ends it all, after drain(): gives the memory back.
  void clear();

  template <typename Visit>
  void for_each_place(Visit visit) const {
    for (const auto& part : parts_) part.log.for_each_place(visit);
  }
  template <typename Move>
  void move_places(Move move) {
    for (auto& part : parts_) part.log.move_places(move);
  }

  /// Bytes kept. Any thread.
  [[nodiscard]] std::int64_t bytes() const {
    return pool_.bytes() + part_bytes_.load(std::memory_order_relaxed);
  }

 private:
  struct Part {
    Part(const KeyForm& form, SlabPool& pool) : log(form, pool) {}
    std::mutex mutex;
    KeyLog log;
    std::size_t limit = 0;      ///< entries at which it is looked through
    std::uint32_t fresh = 256;  ///< of 256 entries so many have a new key, by the last look
    std::int64_t counted = 0;   ///< keys that it is thought to have
    std::int64_t index_bytes = 0;
    std::size_t added = 0;  ///< entries, ever
  };
  class ByPart;

  void begin(const KeyForm& form);
  std::int64_t add_to(Part& part, const RunRows& rows, std::span<const std::uint32_t> chosen);
  void look_through(Part& part);
  void count_parts();

  const TieBreak* ties_;
  std::once_flag begun_;
  SlabPool pool_;
  KeyForm form_;
  std::deque<Part> parts_;
  unsigned bits_ = 0;  ///< of the hash, that choose the part
  std::atomic<std::int64_t> part_bytes_ = 0;
  std::atomic<bool> wants_split_ = false;
  std::atomic<std::size_t> next_part_ = 0;
};

}  // namespace flowrun::nodes
