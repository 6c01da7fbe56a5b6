// The one exception type of the project: what ends a run.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace flowrun {

/// Says whose fault an error is, and with it the exit code and whether trying again can help.
enum class Errc {
  usage,      ///< the command line: exit 2
  plan,       ///< the pipeline cannot be planned against what is there: exit 2
  data,       ///< a bad row or value that the pipeline says must not pass: exit 1
  io,         ///< a file or server failed: exit 1, a new attempt may help
  check,      ///< a check of severity error does not hold: exit 3
  limit,      ///< a declared limit (memory, rejects) was exceeded: exit 1
  lease,      ///< somebody else runs this instance: exit 75
  cancelled,  ///< asked to stop: exit 130 or 143
  internal,   ///< a bug of flowrun, a lost message included: exit 70
};

/// Ends a run. Thrown by kernels without node names; the guarded node body adds where it happened.
class Error : public std::runtime_error {
 public:
  Error(Errc code, const std::string& message) : std::runtime_error(message), code_(code) {}

  template <typename... Args>
  Error(Errc code, fmt::format_string<Args...> format, Args&&... args)
      : Error(code, fmt::format(format, std::forward<Args>(args)...)) {}

  [[nodiscard]] Errc code() const { return code_; }

  /// Returns the same error with `where` in front of its message ("node \"wide\" (pivot), window
  /// …").
  [[nodiscard]] Error at(const std::string& where) const { return {code_, where + ": " + what()}; }

 private:
  Errc code_;
};

/// Throws for a state that only a bug of flowrun can reach.
template <typename... Args>
[[noreturn]] void bug(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(Errc::internal, "bug: " + fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace flowrun
