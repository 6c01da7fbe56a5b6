// Counts and order-free checksums of rows, by unit.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "engine/data/batch.h"
#include "engine/spec/node.h"

namespace flowrun {

/// The number of some rows and the sum of their hashes, modulo 2^64: the same for the same rows in
/// whatever order and however they are cut into batches. 0.0 is -0.0, and all NaN are one.
struct RowSum {
  std::int64_t rows = 0;
  std::uint64_t hashes = 0;

  void add(const Batch& batch);
  RowSum& operator+=(const RowSum& other) {
    rows += other.rows;
    hashes += other.hashes;
    return *this;
  }
  friend bool operator==(const RowSum&, const RowSum&) = default;
};

/// Sums by unit: windows by their start; rows without a time, and loads, under `second` = true. Any
/// thread.
class UnitSums {
 public:
  using Key = std::pair<bool, Micros>;  ///< is no window; start

  void add(const Unit& unit, const Batch& batch);
  [[nodiscard]] std::map<Key, RowSum> take();

 private:
  std::mutex mutex_;
  std::map<Key, RowSum> sums_;
};

/// Adds up what arrives, and writes nothing.
[[nodiscard]] std::unique_ptr<Sink> make_summing_sink(std::shared_ptr<UnitSums> sums);

}  // namespace flowrun
