#include "engine/observe/log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "engine/core/error.h"

namespace flowrun {
namespace {

constexpr std::string_view kSuffix = ".log";
constexpr std::size_t kLongestName = 200;  // bytes; files may have 255

const char* name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      break;
  }
  return "error";
}

/// "20261121T100000Z".
std::string compact(Micros now) {
  auto text = format_timestamptz(now - now % kSecond);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

Micros changed_at(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return 0;
  return status.st_mtim.tv_sec * kSecond + status.st_mtim.tv_nsec / 1000;
}

/// The moment of a file's first line; `otherwise` where it has none.
Micros begun_at(const std::string& path, Micros otherwise) {
  constexpr std::size_t kMoment = sizeof "2026-11-21T10:00:00" - 1;
  if (size_of_file(path) < static_cast<std::int64_t>(kMoment)) return otherwise;
  std::string text(kMoment, ' ');
  read_at(open_file(path, O_RDONLY).fd(), text, 0, path);
  const auto moment = parse_timestamp(text);
  return moment ? moment->utc() : otherwise;
}

}  // namespace

LogFile::LogFile(std::string path, LogLimits limits, const Clock& clock)
    : path_(std::move(path)), limits_(limits), clock_(&clock) {
  std::error_code failed;
  std::filesystem::create_directories(folder_of(path_), failed);
  if (failed) {
    throw Error(Errc::io, "{}: cannot make the folder: {}", folder_of(path_), failed.message());
  }
  const auto now = clock_->now();
  if (begun_at(path_, now) < now - limits_.keep) turn_over(now);
  remove_old(now);
  if (!file_.is_open()) file_ = open_file(path_, O_WRONLY | O_CREAT | O_APPEND);
}

void LogFile::write(std::string_view run, LogLevel level, std::string_view text) {
  const auto now = clock_->now();
  const auto head = fmt::format("{} {} {} ", format_timestamptz(now), run, name_of(level));
  std::string lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines += head + std::string(text.substr(0, end)) + '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const std::lock_guard lock(mutex_);
  try {
    if (size_of_file(path_) >= limits_.size) turn_over(now);
    write_all(file_.fd(), lines, path_);
  } catch (const Error&) {
    // See the class.
  }
}

void LogFile::turn_over(Micros now) {
  const auto stem = path_.substr(0, path_.size() - kSuffix.size()) + "-" + compact(now);
  auto target = stem + std::string(kSuffix);
  for (int i = 2; size_of_file(target) >= 0; ++i) target = fmt::format("{}.{}{}", stem, i, kSuffix);
  std::error_code ignored;  // somebody else may have been quicker
  std::filesystem::rename(path_, target, ignored);
  file_ = open_file(path_, O_WRONLY | O_CREAT | O_APPEND);
  remove_old(now);
}

void LogFile::remove_old(Micros now) const {
  for (const auto& file : log_files(path_)) {
    if (file == path_ || changed_at(file) >= now - limits_.keep) continue;
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
  }
}

std::string log_path(const std::string& folder, const std::string& pipeline,
                     const std::string& instance) {
  auto name = pipeline + (instance.empty() ? "" : " " + instance);
  for (char& letter : name) {
    const bool is_plain =
        static_cast<unsigned char>(letter) >= ' ' && letter != '/' && letter != 0x7F;
    if (!is_plain) letter = '_';
  }
  if (name.size() > kLongestName) name.resize(kLongestName);
  return folder + "/" + name + std::string(kSuffix);
}

std::vector<std::string> log_files(const std::string& path) {
  const std::filesystem::path whole(path);
  const auto stem = whole.stem().string() + "-";
  constexpr std::size_t kStamp = sizeof "20261121T100000Z" - 1;
  std::vector<std::string> files;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(whole.parent_path(), missing)) {
    const auto name = entry.path().filename().string();
    const bool is_ours = name.starts_with(stem) && name.ends_with(kSuffix) &&
                         name.size() >= stem.size() + kStamp + kSuffix.size() &&
                         name[stem.size() + kStamp - 1] == 'Z' && name[stem.size() + 8] == 'T';
    if (is_ours) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  if (size_of_file(path) >= 0) files.push_back(path);
  return files;
}

}  // namespace flowrun
