#include "nodes/formats/csv_record.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "engine/core/time.h"

namespace flowrun::nodes {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kCut = "…";
constexpr std::size_t kLongestCharacter = 4;

/// The length of the valid character at the front of `text`; 0 where there is none.
std::size_t character(std::string_view text) {
  for (std::size_t size = 1; size <= kLongestCharacter && size <= text.size(); ++size) {
    if (simdjson::validate_utf8(text.data(), size)) return size;
  }
  return 0;
}

}  // namespace

std::string_view without_line_end(std::string_view row) {
  if (row.ends_with('\n')) row.remove_suffix(1);
  if (row.ends_with('\r')) row.remove_suffix(1);
  return row;
}

std::string record_text(std::string_view row) {
  const bool cut = row.size() > kMostRecordBytes;
  if (cut) row = row.substr(0, kMostRecordBytes);
  const bool nul = row.find('\0') != std::string_view::npos;
  std::string out;
  if (!nul && simdjson::validate_utf8(row.data(), row.size())) {
    out = row;
  } else {
    while (!row.empty()) {
      const auto size = row.front() == '\0' ? 0 : character(row);
      out += size == 0 ? kReplacement : row.substr(0, size);
      row.remove_prefix(size == 0 ? 1 : size);
    }
  }
  if (cut) out += kCut;
  return out;
}

const char* text_problem(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return "holds a NUL byte";
  return simdjson::validate_utf8(text.data(), text.size()) ? nullptr : "not valid UTF-8";
}

std::string long_row_reason(std::size_t max_row) {
  return "row longer than " + format_size(static_cast<std::int64_t>(max_row));
}

std::string row_origin(std::string_view name, std::uint64_t line, std::uint64_t byte) {
  return fmt::format("{}:{}:{}", name, line, byte);
}

}  // namespace flowrun::nodes
