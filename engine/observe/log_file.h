// A log file of one instance: one line a happening, with the run's id; turned over when it is
// large.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/clock.h"
#include "engine/core/file.h"
#include "engine/core/log.h"

namespace flowrun {

/// How large log files get and how long they are kept.
struct LogLimits {
  std::int64_t size = 100 << 20;  ///< bytes, from which on a file is turned over
  Micros keep = 30 * kDay;        ///< turned-over files that nobody wrote for so long are removed
};

/// Appends lines "2026-11-21T10:00:00.123Z RUN info text" to a file; a line that holds line ends
/// becomes several. A large file, or one begun longer ago than lines are kept, is renamed to
/// "NAME-20261121T100000Z.log", and a new one is begun. Any thread; two processes that write one
/// file keep their lines whole. What cannot be written is lost without a word: a full disk must not
/// end a run that does not need it.
class LogFile {
 public:
  /// `path` ends in ".log"; its folder is made. Throws Error(io) where it cannot be opened.
  LogFile(std::string path, LogLimits limits, const Clock& clock);

  void write(std::string_view run, LogLevel level, std::string_view text);

 private:
  void turn_over(Micros now);
  void remove_old(Micros now) const;

  std::string path_;
  LogLimits limits_;
  const Clock* clock_;
  std::mutex mutex_;
  FileHandle file_;
};

/// The log file of a pipeline's instance below `folder`: "NAME.log", "NAME ship=IMO1.log"; letters
/// that files cannot have in their names are replaced.
[[nodiscard]] std::string log_path(const std::string& folder, const std::string& pipeline,
                                   const std::string& instance);

/// A log file and those that it was turned over to, oldest first.
[[nodiscard]] std::vector<std::string> log_files(const std::string& path);

}  // namespace flowrun
