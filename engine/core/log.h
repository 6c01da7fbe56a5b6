// The logging facade: levels and lines; where they go is the program's choice.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace flowrun {

/// error: data may be lost or a person is needed. warning: nothing lost. info, debug: for the
/// curious.
enum class LogLevel { debug, info, warning, error };

/// Takes log lines from any thread and hands them to one sink, one at a time.
class Log {
 public:
  using Sink = std::function<void(LogLevel, std::string_view)>;

  Log() = default;
  Log(LogLevel least, Sink sink) : least_(least), sink_(std::move(sink)) {}

  template <typename... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) {
    write(LogLevel::info, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) {
    write(LogLevel::debug, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) {
    write(LogLevel::warning, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) {
    write(LogLevel::error, format, std::forward<Args>(args)...);
  }

 private:
  template <typename... Args>
  void write(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
    if (!sink_ || level < least_) return;
    const auto line = fmt::format(format, std::forward<Args>(args)...);
    const std::lock_guard lock(mutex_);
    sink_(level, line);
  }

  std::mutex mutex_;
  LogLevel least_ = LogLevel::info;
  Sink sink_;
};

}  // namespace flowrun
