#include "engine/plan/source_position.h"

#include <algorithm>
#include <string>

namespace flowrun {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// Bytes of UTF-8 that a code point takes.
std::size_t utf8_bytes(unsigned long code_point) {
  if (code_point < 0x80) return 1;
  if (code_point < 0x800) return 2;
  return code_point < 0x10000 ? 3 : 4;
}

/// Walks the raw text of a TOML string, one decoded piece after the other.
class StringWalk {
 public:
  StringWalk(std::string_view text, const SourceSpan& value)
      : text_(text),
        at_(byte_offset(text, value.line, value.column)),
        line_(value.line),
        column_(value.column) {
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    basic_ = quote == '"';
    if (!basic_ && quote != '\'') return;
    quoted_ = true;
    multi_line_ = text_.substr(at_, 3) == std::string_view(basic_ ? "\"\"\"" : "'''");
    for (int i = 0; i < (multi_line_ ? 3 : 1); ++i) pass();
    // A first line break after the opening quotes is no part of the string.
    if (multi_line_ && text_.substr(at_, 2) == "\r\n") pass();
    if (multi_line_ && text_.substr(at_, 1) == "\n") pass();
    skip_continuation();
  }

  [[nodiscard]] bool quoted() const { return quoted_; }
  [[nodiscard]] std::uint32_t line() const { return line_; }
  [[nodiscard]] std::uint32_t column() const { return column_; }

  /// Passes decoded bytes until `offset` of them are behind. Stops at the end of the text.
  void advance_to(std::size_t offset) {
    while (decoded_ < offset && at_ < text_.size()) {
      decoded_ += take_piece();
      skip_continuation();
    }
  }

 private:
  /// Passes one code point of the raw text.
  void pass() {
    if (text_[at_] == '\n') {
      ++line_;
      column_ = 0;
    }
    ++at_;
    ++column_;
    while (at_ < text_.size() && is_continuation(text_[at_])) ++at_;
  }

  /// Passes what stands for one decoded character; returns its bytes.
  std::size_t take_piece() {
    if (basic_ && text_[at_] == '\\' && at_ + 1 < text_.size()) return take_escape();
    if (text_.substr(at_, 2) == "\r\n") pass();  // decoded as one line feed
    const auto start = at_;
    pass();
    return at_ - start;
  }

  std::size_t take_escape() {
    const char kind = text_[at_ + 1];
    const std::size_t digits = kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    unsigned long code_point = 0;
    if (digits != 0) {
      code_point = std::stoul(std::string(text_.substr(at_ + 2, digits)), nullptr, 16);
    }
    for (std::size_t i = 0; i < 2 + digits && at_ < text_.size(); ++i) pass();
    return utf8_bytes(code_point);
  }

  /// A backslash at the end of a line of a """ string swallows all white space after it.
  void skip_continuation() {
    while (basic_ && multi_line_ && at_ < text_.size() && text_[at_] == '\\') {
      auto end = at_ + 1;
      while (end < text_.size() && (text_[end] == ' ' || text_[end] == '\t')) ++end;
      if (end >= text_.size() || (text_[end] != '\n' && text_[end] != '\r')) return;
      pass();
      while (at_ < text_.size() && is_blank(text_[at_])) pass();
    }
  }

  std::string_view text_;
  std::size_t at_;
  std::uint32_t line_;
  std::uint32_t column_;
  std::size_t decoded_ = 0;
  bool quoted_ = false;
  bool basic_ = false;
  bool multi_line_ = false;
};

}  // namespace

std::size_t byte_offset(std::string_view text, std::uint32_t line, std::uint32_t column) {
  std::size_t at = 0;
  for (std::uint32_t seen = 1; seen < line; ++seen) {
    const auto end = text.find('\n', at);
    if (end == std::string_view::npos) return text.size();
    at = end + 1;
  }
  for (std::uint32_t seen = 1; seen < column && at < text.size(); ++seen) {
    ++at;
    while (at < text.size() && is_continuation(text[at])) ++at;
  }
  return at;
}

SourceSpan position_in(const std::shared_ptr<const SourceText>& source, std::uint32_t line,
                       std::uint32_t column) {
  const std::string_view text = source->text;
  const auto before = text.substr(0, byte_offset(text, line, 1));
  const auto lines = static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n'));
  const auto start = before.find_last_of('\n') + 1;
  const auto whole = text.substr(start, text.find('\n', start) - start);
  const auto width = static_cast<std::uint32_t>(
      std::count_if(whole.begin(), whole.end(), [](char c) { return !is_continuation(c); }));
  return {source, lines + 1, std::min(column, width + 1), 0};
}

bool is_quoted(const SourceSpan& span) {
  if (!span.source || span.line == 0) return false;
  const std::string_view text = span.source->text;
  const auto at = byte_offset(text, span.line, span.column);
  return at < text.size() && (text[at] == '"' || text[at] == '\'');
}

SourceSpan span_inside(const SourceSpan& value, std::size_t offset, std::size_t length) {
  if (!value.source || value.line == 0) return value;
  StringWalk walk(value.source->text, value);
  if (!walk.quoted()) return value;
  walk.advance_to(offset);
  SourceSpan span = value;
  span.line = walk.line();
  span.column = walk.column();
  walk.advance_to(offset + length);
  span.length = walk.line() == span.line ? walk.column() - span.column : 0;
  return span;
}

}  // namespace flowrun
