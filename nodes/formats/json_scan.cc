#include "nodes/formats/json_scan.h"

#include <optional>

namespace flowrun::nodes {
namespace {

constexpr int kHexDigits = 4;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The value of four hexadecimal digits; nothing where one is none.
std::optional<std::uint32_t> hex_digits(const char* at) {
  std::uint32_t value = 0;
  for (int i = 0; i < kHexDigits; ++i) {
    const char c = at[i];
    value <<= 4U;
    if (is_digit(c)) {
      value += static_cast<std::uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value += static_cast<std::uint32_t>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      value += static_cast<std::uint32_t>(c - 'A' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

bool is_high_half(std::uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low_half(std::uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

char* append_utf8(char* to, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { *to++ = static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0U | (c >> 6U));
    put(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    put(0xE0U | (c >> 12U));
    put(0x80U | ((c >> 6U) & 0x3FU));
    put(0x80U | (c & 0x3FU));
  } else {
    put(0xF0U | (c >> 18U));
    put(0x80U | ((c >> 12U) & 0x3FU));
    put(0x80U | ((c >> 6U) & 0x3FU));
    put(0x80U | (c & 0x3FU));
  }
  return to;
}

/// The character that `\b` and the like stand for: `c` without the backslash.
char short_escape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

}  // namespace

const char* scan_escape(const char* at) {
  const char c = at[1];
  constexpr std::string_view kShort = "\"\\/bfnrt";
  if (kShort.find(c) != std::string_view::npos) return at + 2;
  return c == 'u' && hex_digits(at + 2) ? at + 2 + kHexDigits : nullptr;
}

Unescaped unescape(std::string_view string, char* to) {
  const char* at = string.data();
  const char* const end = at + string.size();
  while (at < end) {
    const auto* backslash =
        static_cast<const char*>(std::memchr(at, '\\', static_cast<std::size_t>(end - at)));
    const auto plain = static_cast<std::size_t>((backslash == nullptr ? end : backslash) - at);
    std::memcpy(to, at, plain);
    to += plain;
    if (backslash == nullptr) break;
    at = scan_escape(backslash);
    if (backslash[1] != 'u') {
      *to++ = short_escape(backslash[1]);
      continue;
    }
    auto c = *hex_digits(backslash + 2);
    if (c == 0) return {.problem = "holds a NUL character"};
    if (is_high_half(c)) {
      const bool follows = end - at >= 2 + kHexDigits && at[0] == '\\' && at[1] == 'u';
      const auto low = follows ? *hex_digits(at + 2) : 0;
      if (!is_low_half(low)) return {.problem = "holds half a surrogate pair"};
      c = 0x10000 + ((c - 0xD800) << 10U) + (low - 0xDC00);
      at += 2 + kHexDigits;
    } else if (is_low_half(c)) {
      return {.problem = "holds half a surrogate pair"};
    }
    to = append_utf8(to, c);
  }
  return {.end = to};
}

}  // namespace flowrun::nodes
