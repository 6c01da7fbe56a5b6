// Pauses between attempts to reach a server that went away.
#pragma once

#include <chrono>
#include <random>

#include "engine/core/time.h"

namespace flowrun::postgres {

/// Pauses that double from 50 ms to 2 s, each of a random length, so that many clients do not come
/// back at once. One thread.
class Backoff {
 public:
  /// In all at most `patience`.
  explicit Backoff(Micros patience);
  /// Pauses; false, at once, where the patience is at its end.
  [[nodiscard]] bool wait();

 private:
  std::chrono::steady_clock::time_point end_;
  Micros longest_ = 50'000;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace flowrun::postgres
