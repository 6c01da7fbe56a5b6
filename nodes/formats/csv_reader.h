// Reads a CSV file: its header, then its rows as batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/core/cpu.h"
#include "engine/data/schema.h"
#include "engine/spec/node.h"
#include "nodes/formats/csv_cutter.h"
#include "nodes/formats/csv_decode.h"
#include "nodes/formats/csv_format.h"

namespace flowrun::nodes {

/// An open file. One thread at a time.
class CsvFile {
 public:
  /// Opens the file; reads nothing of its rows. Throws Error(io).
  CsvFile(const std::string& path, std::string name, CsvFormat format, const CsvKernels& kernels);

  /// Reads the first row, in a piece of about `bytes`; once, before anything else. False where
  /// asked to stop. Throws Error(data) where the header cannot be understood: broken quotes or
  /// text, a name that comes twice.
  [[nodiscard]] bool read_header(std::size_t bytes, const std::stop_token& stop);
  /// The names in the header, "column3" where one is empty; without a header "column1" and so on,
  /// one for each field of the first row. Empty where the file has no row at all.
  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
  /// The next piece of rows behind the header; nothing at the end or where asked to stop.
  [[nodiscard]] std::optional<CsvText> next(std::size_t bytes, const std::stop_token& stop);
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  bool take_first_row(const CsvText& piece);
  void name_columns(std::vector<std::string> texts);

  std::string name_;
  CsvFormat format_;
  CsvCutter cutter_;
  std::vector<std::string> columns_;
  std::optional<CsvText> pending_;
  std::int64_t taken_ = 0;  ///< bytes of pieces without rows, to be counted with the next one
};

/// What the readers of one source's files share: format, schema, and the dictionaries of its
/// columns.
struct CsvTable {
  /// Dictionaries are made for string columns, unless they are not wanted.
  CsvTable(CsvFormat table_format, SchemaRef table_schema, Simd simd,
           bool dictionaries_wanted = true);

  CsvFormat format;
  SchemaRef schema;
  const CsvKernels* kernels;
  std::vector<std::shared_ptr<Dictionary>> dictionaries;
  /// How many columns, from the first on, every file must have; where it is set files may lack the
  /// others, and may have no further ones. Absent: files have them all, and others do no harm.
  std::optional<std::size_t> required;
};

/// Opens a file for reading. The first read() reads its header, and throws as CsvFile does, and
/// Error(data) where the header lacks a column of the schema.
[[nodiscard]] std::unique_ptr<Reader> open_csv(const Input& input, std::uint64_t number,
                                               std::shared_ptr<const CsvTable> table);

}  // namespace flowrun::nodes
