// Files beside a pipeline file: paths and contents.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flowrun {

/// `path` made absolute against `directory`; "-" and URLs ("s3://…") stay.
[[nodiscard]] std::string resolve_path(const std::string& directory, std::string_view path);

/// The bytes of a file; nothing, and the system's words in `reason`, where it cannot be read.
[[nodiscard]] std::optional<std::string> read_text_file(const std::string& path,
                                                        std::string& reason);

/// Names of the files in the folder of `path`, for suggestions.
[[nodiscard]] std::vector<std::string> files_beside(const std::string& path);

/// Reads each file once. One thread.
class SideFiles {
 public:
  /// As read_text_file(), with absolute paths.
  [[nodiscard]] const std::optional<std::string>& read(const std::string& path,
                                                       std::string& reason);

 private:
  struct Entry {
    std::optional<std::string> text;
    std::string reason;
  };
  std::map<std::string, Entry> files_;
};

}  // namespace flowrun
