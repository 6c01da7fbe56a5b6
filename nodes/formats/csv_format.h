// How a CSV file is written: its marks, its header, its encoding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nodes/formats/byte_stream.h"

namespace flowrun::nodes {

/// A row longer than this (without its line end) is a reject.
inline constexpr std::size_t kMaxRowBytes = 16U << 20U;

/// The marks that structure the text. All are single ASCII characters and differ from each other,
/// but for `escape`, which may be the quote. Rows end at LF or CRLF; a CR elsewhere is part of a
/// field.
struct CsvDialect {
  char delimiter = ',';
  /// Opens a field only as its first character and closes it as its last; nothing where fields are
  /// never quoted.
  std::optional<char> quote = '"';
  /// In front of a quote (or of itself) inside a quoted field makes it a plain character; the quote
  /// itself is doubled then.
  char escape = '"';
  /// As the first character of a line makes it a comment; nothing where there are none.
  std::optional<char> comment;

  /// True where counting quotes does not tell what is inside them: text with quotes needs the state
  /// machine.
  [[nodiscard]] bool irregular() const {
    return comment.has_value() || (quote && escape != *quote);
  }
};

/// A dialect and everything else that reading a file needs. Immutable.
struct CsvFormat {
  CsvDialect dialect;
  bool header =
      true;  ///< without one, the columns of the schema are all of the file's, in its order
  /// Texts that mean null where they stand unquoted (quoted, too, in columns that are not strings).
  std::vector<std::string> nulls{""};
  StreamFormat stream;
  std::size_t max_row = kMaxRowBytes;
};

}  // namespace flowrun::nodes
