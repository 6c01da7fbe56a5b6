// Time as a service, so that tests can set it.
#pragma once

#include <chrono>

#include "engine/core/time.h"

namespace flowrun {

/// Gives the moment "now". Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Micros now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Micros now() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

class FixedClock final : public Clock {
 public:
  explicit FixedClock(Micros now) : now_(now) {}
  [[nodiscard]] Micros now() const override { return now_; }

 private:
  Micros now_;
};

}  // namespace flowrun
