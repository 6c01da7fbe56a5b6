// Reads NDJSON text in tests the way the engine does.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nodes/formats/ndjson_reader.h"
#include "tests/nodes/formats/csv_testing.h"

namespace flowrun::testing {

/// How a text is read.
struct JsonReading {
  std::vector<Field> columns;
  std::vector<std::pair<std::string, std::string>> pointers;  ///< column, pointer
  ReadRequest request;
  bool dictionaries = true;
  std::size_t max_row = nodes::kMaxRowBytes;
};

/// "name type, name type" as columns.
[[nodiscard]] std::vector<Field> fields_of(std::string_view text);

/// Reads a text as input number 3, called in.ndjson: with and without the short cut for lines that
/// look alike, whole and in small pieces. Throws std::runtime_error where they do not agree.
[[nodiscard]] ReadRows read_json(std::string_view text, const JsonReading& reading);

}  // namespace flowrun::testing
