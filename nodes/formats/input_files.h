// Paths and patterns of a source turned into the files to read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/spec/node.h"
#include "engine/spec/node_type.h"

namespace flowrun::nodes {

/// A path or pattern as it was written, and made absolute.
struct PathPattern {
  std::string written;
  std::string path;
};

/// What stands in place of a path for stdin, and how it is called in messages.
inline constexpr std::string_view kStdinPath = "-";
inline constexpr std::string_view kStdinName = "stdin";

/// Reads the option `name`: a path or pattern, or a list of them. Reports what is neither and gives
/// nothing then.
[[nodiscard]] std::vector<PathPattern> path_patterns(BindContext& context, std::string_view name);

/// Whether a path has the marks of a pattern: `*`, `?`, `[…]`.
[[nodiscard]] bool is_pattern(std::string_view path);

/// The files of one pattern by name (bytes), folders left out; the path itself where it is no
/// pattern or such a file is there. Empty where a pattern matches nothing or there is no such file.
[[nodiscard]] std::vector<std::string> matching_files(const std::string& path);

/// The files of all patterns: in the order of the list, those of one pattern by name; a file that
/// several patterns match is listed once, at its first place. Names are written as the patterns
/// are. Does I/O. Throws Error(io) for a file that is not there and a pattern that matches nothing.
[[nodiscard]] std::vector<Input> list_files(const std::vector<PathPattern>& patterns,
                                            const SourceContext& context);

/// The same for a look ahead of a run: what is not there is left out, nothing is fingerprinted.
[[nodiscard]] std::vector<Input> present_files(const std::vector<PathPattern>& patterns);

}  // namespace flowrun::nodes
