// The first error of an attempt: it wins, and it wakes everybody.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>

#include "engine/core/error.h"

namespace flowrun {

/// Collects the first error and asks everybody to stop. Any thread.
class Failure {
 public:
  /// Keeps `error` where it is the first, and asks to stop.
  void set(const Error& error) {
    {
      const std::lock_guard lock(mutex_);
      if (!first_) first_ = error;
    }
    stop_.request_stop();
  }
  /// Asks to stop without an error of its own.
  void stop() { stop_.request_stop(); }

  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }
  [[nodiscard]] bool stopped() const { return stop_.stop_requested(); }
  [[nodiscard]] std::optional<Error> first() const {
    const std::lock_guard lock(mutex_);
    return first_;
  }

  /// Runs `body`; an exception becomes the first error, with `where` in front of it. The one guard
  /// of node bodies and engine threads.
  template <typename Body>
  void guard(const std::string& where, Body&& body) {
    try {
      body();
    } catch (const Error& error) {
      set(error.at(where));
    } catch (const std::exception& error) {
      set(Error(Errc::internal, "{}: bug: {}", where, error.what()));
    }
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Error> first_;
  std::stop_source stop_;
};

}  // namespace flowrun
