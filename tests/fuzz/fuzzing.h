// What the fuzz targets share: the end of a run that found something, and inputs taken apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace flowrun::fuzzing {

/// Ends the process: what is promised does not hold for the input at hand.
[[noreturn]] void broken(std::string_view promise, std::string_view details = {});

/// Takes the text up to the next `end` off the front of `text`, `end` too; all of it where there is
/// none.
[[nodiscard]] std::string_view take_until(std::string_view& text, char end);

/// The letters of an options line, one after the other; `otherwise` where there are no more.
class Letters {
 public:
  explicit Letters(std::string_view text) : text_(text) {}

  char next(char otherwise = '0');
  /// The next letter as a number below `count`; '0' is 0.
  std::size_t pick(std::size_t count);
  [[nodiscard]] std::string_view rest() const { return text_; }

 private:
  std::string_view text_;
};

/// A file in memory that has a path, because readers open files by theirs.
class MemoryFile {
 public:
  /// Throws std::runtime_error where the system has no memory for it.
  explicit MemoryFile(std::string_view content);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  int fd_;
  std::string path_;
};

}  // namespace flowrun::fuzzing
