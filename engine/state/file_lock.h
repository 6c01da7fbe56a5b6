// A lock that the kernel takes back when its holder ends, however it ends.
#pragma once

#include <optional>
#include <string>

#include "engine/core/file.h"

namespace flowrun {

/// An exclusive lock on a file (flock). The file stays behind: removing it would let two holders
/// in.
class FileLock {
 public:
  /// Locks `path`, making the file where it is missing; nothing where somebody else holds it.
  /// Throws Error(io).
  [[nodiscard]] static std::optional<FileLock> try_lock(const std::string& path);
  /// False where the file was removed or replaced: then somebody else can hold "the same" lock.
  [[nodiscard]] bool holds() const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  FileLock(std::string path, FileHandle file) : path_(std::move(path)), file_(std::move(file)) {}
  std::string path_;
  FileHandle file_;
};

}  // namespace flowrun
