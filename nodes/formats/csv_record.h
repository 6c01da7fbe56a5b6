// Broken rows as rejects: what a person needs to find and mend them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/spec/reject.h"

namespace flowrun::nodes {

/// How much of a row a reject keeps.
inline constexpr std::size_t kMostRecordBytes = 64U << 10U;

/// A row without its line end, LF or CRLF.
[[nodiscard]] std::string_view without_line_end(std::string_view row);

/// A row or a value for a reject: valid UTF-8 (what is not becomes U+FFFD, NUL bytes, too), and at
/// most kMostRecordBytes of it; what was cut is marked by "…".
[[nodiscard]] std::string record_text(std::string_view row);

/// Why bytes are no text that a column can hold: "holds a NUL byte", "not valid UTF-8"; null where
/// they are one.
[[nodiscard]] const char* text_problem(std::string_view text);

/// "row longer than 16 MiB".
[[nodiscard]] std::string long_row_reason(std::size_t max_row);

/// "path:line:byte": line 1-based; byte the offset of the row's first byte in the input, 0-based,
/// after decompression and in UTF-8.
[[nodiscard]] std::string row_origin(std::string_view name, std::uint64_t line, std::uint64_t byte);

}  // namespace flowrun::nodes
