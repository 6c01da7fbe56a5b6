// Where things stand in the text of a pipeline file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/core/diagnostic.h"

namespace flowrun {

/// The byte at line:column (both from 1, columns in code points) of `text`; its size past the end.
[[nodiscard]] std::size_t byte_offset(std::string_view text, std::uint32_t line,
                                      std::uint32_t column);

/// A span at line:column, or at the end of the text or of that line where the text or line is
/// shorter.
[[nodiscard]] SourceSpan position_in(const std::shared_ptr<const SourceText>& source,
                                     std::uint32_t line, std::uint32_t column);

/// True where the value at `span` is written in quotes: a string, and not a date or a time.
[[nodiscard]] bool is_quoted(const SourceSpan& span);

/// Where bytes [offset, offset + length) of a string value stand in the source: `value` is the span
/// of the string, quotes included, and the bytes are those of the string without quotes and with
/// its escapes resolved. The span of the value where it is no quoted string.
[[nodiscard]] SourceSpan span_inside(const SourceSpan& value, std::size_t offset,
                                     std::size_t length);

}  // namespace flowrun
