// Shows running instances on stderr: redrawn lines on a terminal, plain lines or JSON elsewhere.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "engine/observe/progress.h"
#include "engine/run/runner.h"

namespace flowrun::command {

enum class ProgressStyle { none, plain, live, json };

/// How to show progress: `word` is auto, never, plain or json.
[[nodiscard]] ProgressStyle progress_style(const std::string& word, bool quiet);

/// Shows progress from start() to stop(), on a thread of its own. Any thread may call the on_…
/// functions.
class ProgressView {
 public:
  ProgressView(ProgressStyle style, int threads, std::string unit, bool color);
  ~ProgressView() { stop(); }
  ProgressView(const ProgressView&) = delete;
  ProgressView& operator=(const ProgressView&) = delete;

  void on_start(const std::string& instance, std::shared_ptr<const RunStats> stats);
  void on_unit(const UnitDone& done);
  /// Takes the live lines off the screen and shows nothing more.
  void stop();
  /// Prints a line (ended by '\n') between the live lines, instead of through them.
  void print(const std::string& text);

 private:
  struct Running {
    std::string instance;
    std::shared_ptr<const RunStats> stats;
    RateMeter meter;
  };
  void tick(std::stop_token stop);
  void redraw();
  void report();
  void erase();

  const ProgressStyle style_;
  const int threads_;
  const std::string unit_;
  const bool color_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<Running> running_;
  std::size_t drawn_ = 0;  ///< lines that stand on the terminal
  std::jthread thread_;
};

}  // namespace flowrun::command
