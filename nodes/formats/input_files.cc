#include "nodes/formats/input_files.h"

#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "engine/core/error.h"

namespace flowrun::nodes {
namespace {

/// Size of a file that is no folder; nothing where there is none.
std::optional<std::int64_t> file_size(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || S_ISDIR(status.st_mode)) return std::nullopt;
  return S_ISREG(status.st_mode) ? status.st_size : -1;
}

/// `path` written the way the pattern was: without the folder that resolving put in front.
std::string shown_name(const PathPattern& pattern, const std::string& path) {
  if (!pattern.path.ends_with(pattern.written)) return path;
  const auto folder =
      std::string_view(pattern.path).substr(0, pattern.path.size() - pattern.written.size());
  return path.starts_with(folder) ? path.substr(folder.size()) : path;
}

/// Adds the files of one pattern; false where there are none.
bool add_files(const PathPattern& pattern, std::vector<Input>& inputs,
               std::unordered_set<std::string>& known) {
  if (pattern.path == kStdinPath) {
    if (known.insert(pattern.path).second) {
      inputs.push_back({.name = std::string(kStdinName), .path = pattern.path});
    }
    return true;
  }
  const auto files = matching_files(pattern.path);
  for (const auto& path : files) {
    if (!known.insert(path).second) continue;
    inputs.push_back(
        {.name = shown_name(pattern, path), .bytes = file_size(path).value_or(-1), .path = path});
  }
  return !files.empty();
}

}  // namespace

std::vector<PathPattern> path_patterns(BindContext& context, std::string_view name) {
  const auto* value = context.options().raw(name);
  if (value == nullptr) return {};
  std::vector<PathPattern> patterns;
  const auto add = [&](const OptionValue& item) {
    if (!item.is_text() || item.text().empty()) {
      context.error_at(item.span, "option-type",
                       fmt::format("\"{}\" must be a path, a pattern, or a list of them", name));
    } else {
      patterns.push_back({.written = item.text(), .path = context.resolve(item.text())});
    }
  };
  if (!value->is_list()) {
    add(*value);
    return patterns;
  }
  for (const auto& item : value->list()) add(item);
  if (value->list().empty()) {
    context.error(name, "option-value", fmt::format("\"{}\" is an empty list", name),
                  "name a file, or a pattern such as \"data/*.csv\"");
  }
  return patterns.size() == value->list().size() ? patterns : std::vector<PathPattern>();
}

bool is_pattern(std::string_view path) {
  return path.find_first_of("*?[") != std::string_view::npos;
}

std::vector<std::string> matching_files(const std::string& path) {
  if (file_size(path)) return {path};
  std::vector<std::string> files;
  if (!is_pattern(path)) return files;
  glob_t found{};
  const int status = ::glob(path.c_str(), GLOB_NOSORT, nullptr, &found);
  for (std::size_t i = 0; status == 0 && i < found.gl_pathc; ++i) {
    std::string file = found.gl_pathv[i];
    if (file_size(file)) files.push_back(std::move(file));
  }
  ::globfree(&found);
  if (status != 0 && status != GLOB_NOMATCH) {
    throw Error(Errc::io, "cannot look for files that match {}: {}", path, std::strerror(errno));
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<Input> list_files(const std::vector<PathPattern>& patterns,
                              const SourceContext& context) {
  std::vector<Input> inputs;
  std::unordered_set<std::string> known;
  for (const auto& pattern : patterns) {
    if (add_files(pattern, inputs, known)) continue;
    if (is_pattern(pattern.path)) throw Error(Errc::io, "no file matches {}", pattern.written);
    throw Error(Errc::io, "there is no file {}", pattern.written);
  }
  if (context.fingerprints != nullptr) {
    for (auto& input : inputs) {
      // Bytes that can be read once only (stdin, a named pipe) have no fingerprint.
      if (input.bytes >= 0) input.fingerprint = context.fingerprints->of(input.path);
    }
  }
  return inputs;
}

std::vector<Input> present_files(const std::vector<PathPattern>& patterns) {
  std::vector<Input> inputs;
  std::unordered_set<std::string> known;
  for (const auto& pattern : patterns) {
    if (pattern.path != kStdinPath) (void)add_files(pattern, inputs, known);
  }
  // A named pipe can be read once only, so nothing is looked at ahead of the run.
  std::erase_if(inputs, [](const Input& input) { return input.bytes < 0; });
  return inputs;
}

}  // namespace flowrun::nodes
