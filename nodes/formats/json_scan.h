// Single JSON values in text: where they end, what they are, what they say.
#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "nodes/formats/swar.h"

namespace flowrun::nodes {

enum class JsonKind : std::uint8_t { null, boolean, number, string, container };

/// A value's place in the text, quotes and brackets included.
struct JsonToken {
  const char* begin = nullptr;
  const char* end = nullptr;  ///< null: there is no such value
  JsonKind kind = JsonKind::null;
  bool escaped = false;  ///< a string with backslashes

  [[nodiscard]] std::string_view text() const {
    return {begin, static_cast<std::size_t>(end - begin)};
  }
  /// A string without its quotes, escapes as they are.
  [[nodiscard]] std::string_view inside() const { return text().substr(1, text().size() - 2); }
};

[[nodiscard]] inline bool is_json_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// The end of the escape sequence at `at`, a backslash; null where it is none.
[[nodiscard]] const char* scan_escape(const char* at);

/// How many of the next kStringStep bytes come before the first quote, backslash or control
/// character.
#ifdef __SSE2__
inline constexpr std::size_t kStringStep = 16;
[[nodiscard]] inline std::size_t plain_characters(const char* at) {
  const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const auto highest_control = _mm_set1_epi8(0x1F);
  const auto special = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                                 _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))),
                                    _mm_cmpeq_epi8(_mm_min_epu8(bytes, highest_control), bytes));
  const auto mask = static_cast<unsigned>(_mm_movemask_epi8(special));
  return static_cast<std::size_t>(std::countr_zero(mask | (1U << kStringStep)));
}
#else
inline constexpr std::size_t kStringStep = 8;
[[nodiscard]] inline std::size_t plain_characters(const char* at) {
  const auto word = load_word(at);
  const auto special = zero_bytes(word ^ (kByteOnes * '"')) |
                       zero_bytes(word ^ (kByteOnes * '\\')) |
                       zero_bytes(word & (kByteOnes * 0xE0));
  return static_cast<std::size_t>(std::countr_zero(special)) / 8;
}
#endif

// The text of the scans that follow must hold a newline somewhere behind `at`, which no value
// holds, and 16 readable bytes behind that.

/// The closing quote of the string whose opening quote stands before `at`; null where it is not
/// closed in its line, or holds a control character or an escape sequence that does not exist.
/// UTF-8 is not looked at.
[[nodiscard]] inline const char* scan_string(const char* at, bool& escaped) {
  for (;;) {
    const auto plain = plain_characters(at);
    at += plain;
    if (plain == kStringStep) continue;
    if (*at == '"') return at;
    if (*at != '\\') return nullptr;
    escaped = true;
    at = scan_escape(at);
    if (at == nullptr) return nullptr;
  }
}

/// Behind the digits at `at`, if any.
[[nodiscard]] inline const char* skip_digits(const char* at) {
  for (;;) {
    const auto others = non_digits(load_word(at) ^ kZeroDigits);
    if (others != 0) return at + static_cast<unsigned>(std::countr_zero(others)) / 8;
    at += sizeof others;
  }
}

/// The end of the number at `at`; null where there is none.
[[nodiscard]] inline const char* scan_number(const char* at) {
  if (*at == '-') ++at;
  const auto* whole = skip_digits(at);
  if (whole == at || (*at == '0' && whole != at + 1)) return nullptr;
  at = whole;
  if (*at == '.') {
    const auto* fraction = skip_digits(at + 1);
    if (fraction == at + 1) return nullptr;
    at = fraction;
  }
  if (*at == 'e' || *at == 'E') {
    ++at;
    if (*at == '+' || *at == '-') ++at;
    const auto* exponent = skip_digits(at);
    if (exponent == at) return nullptr;
    at = exponent;
  }
  return at;
}

/// The string, number, boolean or null at `at`; what follows it is not looked at.
[[nodiscard]] inline JsonToken scan_scalar(const char* at) {
  JsonToken token{.begin = at};
  const auto word = [&](std::string_view text, JsonKind kind) {
    token.kind = kind;
    if (std::memcmp(at, text.data(), text.size()) == 0) token.end = at + text.size();
  };
  if (*at == '"') {
    token.kind = JsonKind::string;
    const auto* quote = scan_string(at + 1, token.escaped);
    if (quote != nullptr) token.end = quote + 1;
  } else if (*at == 't') {
    word("true", JsonKind::boolean);
  } else if (*at == 'f') {
    word("false", JsonKind::boolean);
  } else if (*at == 'n') {
    word("null", JsonKind::null);
  } else {
    token.kind = JsonKind::number;
    token.end = scan_number(at);
  }
  return token;
}

/// Why a string has no text that a column could hold; null where it has one.
struct Unescaped {
  char* end = nullptr;  ///< of what was written
  const char* problem = nullptr;
};

/// Writes the text of a string without its quotes, whose escape sequences are right, to `to`, where
/// as many bytes are free as it is long.
[[nodiscard]] Unescaped unescape(std::string_view string, char* to);

}  // namespace flowrun::nodes
