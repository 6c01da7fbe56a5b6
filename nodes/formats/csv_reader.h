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

/// An open file whose header has been read. One thread at a time.
class CsvFile {
 public:
  /// Opens the file and reads its first row. Throws Error(io), and Error(data) where the header cannot be understood:
  /// broken quotes or text, a name that comes twice.
  CsvFile(const std::string& path, std::string name, const CsvFormat& format,
          const CsvKernels& kernels);

  /// The names in the header, "column3" where one is empty; without a header "column1" and so on, one for each field of
  /// the first row. Empty where the file has no row at all.
  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
  /// The next piece of rows behind the header; nothing at the end or where asked to stop.
  [[nodiscard]] std::optional<CsvText> next(std::size_t bytes, const std::stop_token& stop);
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  void read_first_row(const CsvFormat& format);
  bool take_first_row(const CsvText& piece, const CsvFormat& format);
  void name_columns(std::vector<std::string> texts, bool header);

  std::string name_;
  CsvCutter cutter_;
  std::vector<std::string> columns_;
  std::optional<CsvText> pending_;
};

/// What the readers of one source's files share: format, schema, and the dictionaries of its columns.
struct CsvTable {
  /// Dictionaries are made for string columns, unless they are not wanted.
  CsvTable(CsvFormat table_format, SchemaRef table_schema, Simd simd, bool dictionaries_wanted = true);

  CsvFormat format;
  SchemaRef schema;
  bool by_position = false;  ///< there is no header: the schema's columns are all of the file's, in its order
  const CsvKernels* kernels;
  std::vector<std::shared_ptr<Dictionary>> dictionaries;
};

/// Opens a file for reading. Throws as CsvFile does, and Error(data) where the header lacks a column of the schema.
[[nodiscard]] std::unique_ptr<Reader> open_csv(const Input& input, std::uint64_t number,
                                               std::shared_ptr<const CsvTable> table);

}  // namespace flowrun::nodes
