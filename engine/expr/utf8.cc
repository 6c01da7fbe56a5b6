#include "engine/expr/utf8.h"

#include <locale.h>
#include <clocale>
#include <cwctype>

namespace flowrun::expr {
namespace {

/// The C library's tables of letters, whatever locale the process has. C.UTF-8 is part of it since
/// Debian 12; without it, ASCII only.
locale_t letters() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

bool is_tail(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

char32_t decode(std::string_view character) {
  const auto byte = [&](std::size_t i) {
    return char32_t{static_cast<unsigned char>(character[i])};
  };
  switch (character.size()) {
    case 2:
      return (byte(0) & 0x1FU) << 6U | (byte(1) & 0x3FU);
    case 3:
      return (byte(0) & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
    case 4:
      return (byte(0) & 0x07U) << 18U | (byte(1) & 0x3FU) << 12U | (byte(2) & 0x3FU) << 6U |
             (byte(3) & 0x3FU);
    default:
      return byte(0);
  }
}

void append_character(std::string& out, char32_t c) {
  const auto put = [&](char32_t value) { out += static_cast<char>(value); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0U | c >> 6U);
    put(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    put(0xE0U | c >> 12U);
    put(0x80U | (c >> 6U & 0x3FU));
    put(0x80U | (c & 0x3FU));
  } else {
    put(0xF0U | c >> 18U);
    put(0x80U | (c >> 12U & 0x3FU));
    put(0x80U | (c >> 6U & 0x3FU));
    put(0x80U | (c & 0x3FU));
  }
}

bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_wordly(std::string_view character) {
  if (character.size() == 1) {
    return is_ascii_letter(character[0]) || (character[0] >= '0' && character[0] <= '9');
  }
  return letters() != nullptr && iswalnum_l(static_cast<wint_t>(decode(character)), letters()) != 0;
}

void append_mapped(std::string_view character, bool upper, std::string& out) {
  if (character.size() == 1) {
    const char c = character[0];
    const bool maps = is_ascii_letter(c) && (c >= 'a') == upper;
    out += maps ? static_cast<char>(c ^ 0x20) : c;
    return;
  }
  if (letters() == nullptr) {
    out += character;
    return;
  }
  const auto c = static_cast<wint_t>(decode(character));
  append_character(out, upper ? towupper_l(c, letters()) : towlower_l(c, letters()));
}

template <typename Fn>
void for_each_character(std::string_view text, Fn fn) {
  while (!text.empty()) {
    const auto length = character_length(text);
    fn(text.substr(0, length));
    text.remove_prefix(length);
  }
}

}  // namespace

std::size_t character_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t wanted = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  std::size_t length = 1;
  while (length < wanted && length < text.size() && is_tail(text[length])) ++length;
  return length == wanted ? wanted : 1;
}

std::size_t last_character_length(std::string_view text) {
  std::size_t length = 1;
  while (length < 4 && length < text.size() && is_tail(text[text.size() - length])) ++length;
  return character_length(text.substr(text.size() - length)) == length ? length : 1;
}

std::int64_t count_characters(std::string_view text) {
  std::int64_t count = 0;
  for_each_character(text, [&](std::string_view) { ++count; });
  return count;
}

std::size_t byte_of_character(std::string_view text, std::int64_t number) {
  std::size_t at = 0;
  for (std::int64_t i = 1; i < number && at < text.size(); ++i)
    at += character_length(text.substr(at));
  return at;
}

void append_lower(std::string_view text, std::string& out) {
  for_each_character(text, [&](std::string_view c) { append_mapped(c, false, out); });
}

void append_upper(std::string_view text, std::string& out) {
  for_each_character(text, [&](std::string_view c) { append_mapped(c, true, out); });
}

void append_capitalized(std::string_view text, std::string& out) {
  bool inside = false;
  for_each_character(text, [&](std::string_view c) {
    const bool wordly = is_wordly(c);
    if (wordly) {
      append_mapped(c, !inside, out);
    } else {
      out += c;
    }
    inside = wordly;
  });
}

}  // namespace flowrun::expr
