// How far a run is and how fast: the text of progress lines, made from live numbers.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>

#include "engine/observe/stats.h"

namespace flowrun {

/// Speed over the last few seconds, from samples taken at any pace. One thread.
class RateMeter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  [[nodiscard]] bool empty() const { return samples_.empty(); }
  void sample(TimePoint now, std::int64_t rows, std::int64_t bytes);
  [[nodiscard]] double rows_per_second() const;
  [[nodiscard]] double bytes_per_second() const;

 private:
  struct Sample {
    TimePoint at;
    std::int64_t rows;
    std::int64_t bytes;
  };
  [[nodiscard]] double seconds() const;
  std::deque<Sample> samples_;
};

/// One moment of a run, in numbers.
struct Progress {
  std::string instance;
  double seconds = 0;             ///< since the start
  std::optional<double> share;    ///< done of all there is to do; absent where that is unknown
  std::optional<double> eta;      ///< seconds that are left
  std::string unit = "window";    ///< what a unit is called: "window" or "load"
  std::int64_t units = 0;         ///< committed
  std::int64_t units_total = -1;  ///< -1: not known
  std::int64_t rows = 0;          ///< read
  std::int64_t bytes = 0;         ///< read
  double rows_per_second = 0;
  double bytes_per_second = 0;
  Bottleneck limited_by;
};

/// Reads the numbers of a run that may use `threads` workers. `meter` is fed with them.
[[nodiscard]] Progress measure(const RunStats& stats, int threads, RateMeter::TimePoint now,
                               RateMeter& meter);

/// One line of at most `width` cells for a terminal: a bar, then what fits, the most important
/// first.
[[nodiscard]] std::string live_line(const Progress& progress, std::size_t width, bool color);

/// One line in plain words: "54 %, 7 windows, 4,200,000 rows read, 4.20 M rows/s, …".
[[nodiscard]] std::string plain_line(const Progress& progress);

}  // namespace flowrun
