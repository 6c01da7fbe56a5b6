// A file that units append their rows to, one unit at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/core/file.h"
#include "engine/core/hash.h"

namespace flowrun::nodes {

struct FilePart {
  FileHandle file;
  std::string path;  ///< for messages too
  std::int64_t number = 0;
  std::int64_t size = 0;  ///< what is kept of it; a unit that writes is behind that
  bool busy = false;      ///< a unit writes
};

/// Bytes of one unit in a part.
struct FileExtent {
  std::int64_t offset = 0;
  std::int64_t length = 0;
  std::string digest;
};

/// Appends to a part on behalf of one unit: the part is busy until finish() or drop().
class PartWriter {
 public:
  explicit PartWriter(FilePart& part);

  [[nodiscard]] FilePart& part() const { return *part_; }
  /// Bytes appended so far.
  [[nodiscard]] std::int64_t length() const {
    return written_ + static_cast<std::int64_t>(pending_.size());
  }
  void append(std::string_view text);
  /// Reads back what was appended, from `offset` behind its start.
  void read(std::span<char> out, std::int64_t offset);
  /// Forgets what was appended; the part stays busy.
  void rewind();
  /// Everything is in the file (not yet synced) and the part is free for the next unit.
  [[nodiscard]] FileExtent finish();
  /// Forgets what was appended, finished or not. What others have written behind it stays.
  void drop() noexcept;

 private:
  void flush();

  FilePart* part_;
  std::int64_t start_;
  std::int64_t written_ = 0;       ///< bytes in the file
  std::int64_t writing_back_ = 0;  ///< those that the disk was told to write
  std::string pending_;            ///< small pieces wait here
  bool finished_ = false;
  Fingerprinter digest_;
};

}  // namespace flowrun::nodes
