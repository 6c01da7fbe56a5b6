// What is known of the keys of a unit's rows before the server sees them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/batch.h"

namespace flowrun::postgres {

/// Whether keys repeat, and some of them to ask the server about. One thread.
class KeyTracker {
 public:
  /// The fields of the key.
  explicit KeyTracker(std::vector<std::size_t> key) : key_(std::move(key)) {}

  void add(const Batch& batch);
  /// True where no key can have come twice; false also where that is not known (beyond some
  /// millions of rows, or where two keys have one hash).
  [[nodiscard]] bool all_differ();
  /// Keys from all over the rows, each as the texts of its columns; at most kSample.
  [[nodiscard]] const std::vector<std::vector<std::string>>& sample() const { return sample_; }

  static constexpr std::size_t kSample = 64;

 private:
  /// Hashes kept: 32 MiB.
  static constexpr std::size_t kMost = 4 << 20;

  void hash(const Batch& batch, std::size_t field, std::vector<std::uint64_t>& hashes) const;
  void take_samples(const Batch& batch);

  std::vector<std::size_t> key_;
  std::vector<std::uint64_t> hashes_;
  bool too_many_ = false;
  std::vector<std::vector<std::string>> sample_;
  std::uint64_t seen_ = 0;
  std::uint64_t dice_ = 1;
};

}  // namespace flowrun::postgres
