// Ctrl-C and friends: the first asks the run to stop cleanly, the second ends the process at once.
#pragma once

#include <atomic>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>

namespace flowrun::command {

/// Makes writes to a closed pipe fail instead of ending the process. At the start of main.
void ignore_broken_pipes();

/// Takes SIGINT and SIGTERM as long as it lives, on a thread of its own. Make it before any other
/// thread: they must not get the signals.
class SignalWatch {
 public:
  /// `print` shows a line (ended by '\n'); called by the watching thread.
  explicit SignalWatch(std::function<void(const std::string&)> print);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  /// Asked to stop by the first signal.
  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }
  /// The first signal that came; 0 while there was none.
  [[nodiscard]] int signal() const { return first_; }

 private:
  void watch();
  std::function<void(const std::string&)> print_;
  std::stop_source stop_;
  std::atomic<int> first_{0};
  int wake_ = -1;     ///< an eventfd that ends the thread
  int signals_ = -1;  ///< a signalfd
  std::thread thread_;
};

}  // namespace flowrun::command
