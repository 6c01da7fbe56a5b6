#include "nodes/postgres/journal/backoff.h"

#include <algorithm>
#include <thread>

namespace flowrun::postgres {

Backoff::Backoff(Micros patience)
    : end_(std::chrono::steady_clock::now() + std::chrono::microseconds(patience)) {}

bool Backoff::wait() {
  if (std::chrono::steady_clock::now() >= end_) return false;
  std::uniform_int_distribution<Micros> pauses(longest_ / 4, longest_);
  std::this_thread::sleep_for(std::chrono::microseconds(pauses(random_)));
  longest_ = std::min<Micros>(2 * longest_, 2 * kSecond);
  return true;
}

}  // namespace flowrun::postgres
