// Batches as CSV lines.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "engine/data/batch.h"
#include "nodes/formats/csv_format.h"

namespace flowrun::nodes {

/// Which fields stand in quotes besides those that must.
enum class CsvQuoting { needed, text, all };

/// How a CSV file is to be written.
struct CsvStyle {
  CsvDialect dialect;  ///< with a quote
  std::string nulls;   ///< written, unquoted, for null; text that equals it is quoted
  std::string line_end = "\n";
  CsvQuoting quoting = CsvQuoting::needed;
  /// Puts ' in front of text that a spreadsheet would run as a formula (it starts with = + - @, a
  /// tab or a CR).
  bool escape_formulas = false;
};

/// Turns batches of one schema into lines. Quoted are texts that hold the delimiter, the quote, LF
/// or CR, begin or end with a space, begin with a byte order mark, are empty (null is not quoted)
/// or equal the text for null. Constant after construction: any thread, on many batches at once.
class CsvWriter {
 public:
  CsvWriter(SchemaRef schema, CsvStyle style);

  /// The names of the columns as a line.
  [[nodiscard]] std::string header() const;
  /// One line per row, as a batch of line_schema() under the same ordinals.
  [[nodiscard]] BatchRef lines(const Batch& batch) const;

 private:
  friend class CsvLines;
  [[nodiscard]] bool must_quote(std::string_view text) const;
  /// Writes text as a field at `to`, where quoted_room() bytes are free; returns the end.
  char* write_field(char* to, std::string_view text, bool is_text) const;
  [[nodiscard]] static std::size_t quoted_room(std::size_t size) { return 2 * size + 8; }

  SchemaRef schema_;
  CsvStyle style_;
  std::array<bool, 256> special_{};  ///< bytes that make quotes necessary wherever they stand
  bool plain_values_ = true;         ///< numbers and times can never need quotes
};

}  // namespace flowrun::nodes
