// Text to stdout, whose reader may go away.
#pragma once

#include <string_view>

#include "engine/core/log.h"

namespace flowrun::nodes {

/// Used by one thread.
class StdoutWriter {
 public:
  explicit StdoutWriter(Log& log) : log_(&log) {}

  /// Writes all of it; nothing any more once the reader has gone, which is no failure: it has seen
  /// enough, as `head` does. Throws Error(io) where stdout cannot be written for another reason.
  void put(std::string_view text);
  [[nodiscard]] bool reader_gone() const { return reader_gone_; }

 private:
  Log* log_;
  bool reader_gone_ = false;
};

}  // namespace flowrun::nodes
