#include "engine/plan/side_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace flowrun {

std::string resolve_path(const std::string& directory, std::string_view path) {
  if (path == "-" || path.find("://") != std::string_view::npos) return std::string(path);
  return (std::filesystem::path(directory) / path).lexically_normal().string();
}

std::optional<std::string> read_text_file(const std::string& path, std::string& reason) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    reason = std::strerror(EISDIR);
    return std::nullopt;
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad()) {
    reason = std::strerror(errno == 0 ? EIO : errno);
    return std::nullopt;
  }
  return text;
}

std::vector<std::string> files_beside(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  const auto folder = std::filesystem::path(path).parent_path();
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

const std::optional<std::string>& SideFiles::read(const std::string& path, std::string& reason) {
  const auto [at, is_new] = files_.try_emplace(path);
  auto& entry = at->second;
  if (is_new) entry.text = read_text_file(path, entry.reason);
  reason = entry.reason;
  return entry.text;
}

}  // namespace flowrun
