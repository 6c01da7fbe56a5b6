#include "nodes/postgres/journal/values.h"

#include <algorithm>
#include <utility>

#include "engine/core/error.h"

namespace flowrun::postgres {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kHexDigits = "0123456789abcdef";

/// Bytes of the character that `text` begins with; 0 where it begins with none that PostgreSQL
/// keeps (RFC 3629).
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto follows = [&](std::size_t i, unsigned least = 0x80, unsigned most = 0xBF) {
    return byte(i) >= least && byte(i) <= most;
  };
  const auto first = byte(0);
  if (first < 0x80) return first == 0 ? 0 : 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool good = follows(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF);
    return good && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool good = follows(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF);
    return good && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

int digit_of(char digit) {
  const auto at = kHexDigits.find(digit);
  if (at == std::string_view::npos) throw Error(Errc::io, "the server answered no hexadecimal");
  return static_cast<int>(at);
}

/// An element of an array, as PostgreSQL writes arrays.
void append_element(std::string& array, const Parameter& value) {
  if (!value) {
    array += "NULL";
    return;
  }
  array += '"';
  for (const char letter : *value) {
    if (letter == '"' || letter == '\\') array += '\\';
    array += letter;
  }
  array += '"';
}

}  // namespace

Parameter text(std::string_view text) {
  std::string kept;
  kept.reserve(text.size());
  while (!text.empty()) {
    const auto size = character(text);
    kept += size == 0 ? kReplacement : text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return kept;
}

Parameter json(std::string_view document) {
  if (document.empty()) return std::nullopt;
  auto kept = *text(document);
  constexpr std::string_view kNul = "\\u0000";
  for (auto at = kept.find(kNul); at != std::string::npos; at = kept.find(kNul, at)) {
    kept.replace(at, kNul.size(), "\\ufffd");
  }
  return kept;
}

Parameter bytes(std::string_view bytes) {
  std::string hex = "\\x";
  hex.reserve(2 + 2 * bytes.size());
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    hex += kHexDigits[byte >> 4U];
    hex += kHexDigits[byte & 15U];
  }
  return hex;
}

Parameter number(std::int64_t value) { return std::to_string(value); }

Parameter moment(Micros at) {
  if (at == 0) return std::nullopt;
  return format_timestamptz(at);
}

std::string read_bytes(const Result& rows, int row, int column) {
  const auto hex = rows.text(row, column);
  std::string read;
  read.reserve(hex.size() / 2);
  for (std::size_t i = 2; i + 1 < hex.size(); i += 2) {
    read += static_cast<char>(digit_of(hex[i]) * 16 + digit_of(hex[i + 1]));
  }
  return read;
}

Micros read_moment(const Result& rows, int row, int column) {
  if (rows.is_null(row, column)) return 0;
  const auto parsed = parse_timestamp(rows.text(row, column));
  if (!parsed) {
    throw Error(Errc::io, "the server answered \"{}\" where a moment belongs",
                rows.text(row, column));
  }
  return parsed->utc();
}

Rows::Rows(std::vector<std::string> types) : types_(std::move(types)), arrays_(types_.size()) {}

void Rows::add(const Parameters& values) {
  if (values.size() != types_.size())
    bug("a row has {} values of {}", values.size(), types_.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    arrays_[i] += count_ == 0 ? "{" : ",";
    append_element(arrays_[i], values[i]);
  }
  ++count_;
}

std::string Rows::sql(int first) const {
  std::string sql = "unnest(";
  for (std::size_t i = 0; i < types_.size(); ++i) {
    sql += (i == 0 ? "$" : ", $") + std::to_string(first + static_cast<int>(i)) + "::" + types_[i] +
           "[]";
  }
  return sql + ")";
}

Parameters Rows::parameters(Parameters others) const {
  for (const auto& array : arrays_) others.emplace_back(count_ == 0 ? "{}" : array + "}");
  return others;
}

}  // namespace flowrun::postgres
