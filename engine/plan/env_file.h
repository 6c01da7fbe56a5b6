// The file .env beside a pipeline file: environment variables that nobody has set otherwise.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace flowrun {

/// Reads `NAME=value` lines. `export` in front, blank lines, and lines or ends of lines that begin
/// with # are left out; a value in double quotes may hold \n, \t, \" and \\, one in single quotes
/// stands as it is. A later line counts. Lines that are none of these are put into `faults`, as
/// "line 3".
[[nodiscard]] std::map<std::string, std::string> parse_env_file(std::string_view text,
                                                                std::string* faults = nullptr);

}  // namespace flowrun
