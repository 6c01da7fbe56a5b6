// Characters of UTF-8 texts. What is no UTF-8 counts a character a byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace flowrun::expr {

/// Bytes of the first character; the text is not empty.
[[nodiscard]] std::size_t character_length(std::string_view text);
[[nodiscard]] std::size_t last_character_length(std::string_view text);
[[nodiscard]] std::int64_t count_characters(std::string_view text);
/// The byte at which character `number` (from 1) begins; the text's size where there is none.
[[nodiscard]] std::size_t byte_of_character(std::string_view text, std::int64_t number);

/// Letter by letter, by the simple mappings of Unicode (the C.UTF-8 locale's).
void append_lower(std::string_view text, std::string& out);
void append_upper(std::string_view text, std::string& out);
/// The first letter of every word upper, the others lower.
void append_capitalized(std::string_view text, std::string& out);

}  // namespace flowrun::expr
