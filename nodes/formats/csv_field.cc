#include "nodes/formats/csv_field.h"

#include <cstring>

namespace flowrun::nodes {
namespace {

constexpr std::size_t kReadAhead = 8;

/// The text behind the opening quote, up to the closing one.
FieldText unquote(std::string_view field, const CsvDialect& dialect, std::string& scratch) {
  const char quote = *dialect.quote;
  const bool doubled = dialect.escape == quote;
  scratch.clear();
  for (std::size_t at = 1; at < field.size(); ++at) {
    const char c = field[at];
    const char next = at + 1 < field.size() ? field[at + 1] : '\0';
    if (c == dialect.escape && (next == quote || (!doubled && next == c))) {
      scratch += next;
      ++at;
    } else if (c == quote) {
      if (at + 1 != field.size()) {
        return {.text = field, .quoted = true, .problem = "text after the closing quote"};
      }
      const auto length = scratch.size();
      scratch.resize(length + kReadAhead);
      return {.text = std::string_view(scratch).substr(0, length), .quoted = true};
    } else {
      scratch += c;
    }
  }
  return {.text = field, .quoted = true, .problem = "the quote is not closed"};
}

}  // namespace

FieldText read_field(const FieldColumn& fields, std::size_t row, const CsvDialect& dialect,
                     std::string& scratch) {
  const auto begin = fields.begin(row);
  const std::string_view field(fields.text + begin, fields.end(row) - begin);
  if (!fields.quote || field.empty() || field.front() != *fields.quote) return {.text = field};
  const auto inside = field.substr(1, field.size() - std::min<std::size_t>(field.size(), 2));
  const bool plain =
      field.size() >= 2 && field.back() == *fields.quote &&
      inside.find(*fields.quote) == std::string_view::npos &&
      (dialect.escape == *fields.quote || inside.find(dialect.escape) == std::string_view::npos);
  if (plain) return {.text = inside, .quoted = true};
  return unquote(field, dialect, scratch);
}

}  // namespace flowrun::nodes
