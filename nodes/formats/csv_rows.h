// Turns the marks of a piece of CSV text into rows of a fixed number of fields, and tells the
// broken ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/buffer.h"
#include "nodes/formats/csv_cutter.h"
#include "nodes/formats/csv_scan.h"

namespace flowrun::nodes {

/// A row that is no row: where it stands and why.
struct BadShape {
  std::string reason;
  std::uint32_t from = 0;  ///< offset in the text
  std::uint32_t until = 0;
  std::uint32_t line = 0;  ///< lines after the text's first one
};

/// The good rows of a piece of text. Field f of row r is [index[r * stride + f] + 1, index[r *
/// stride + f + 1]), modulo 2^32, without the line end.
struct CsvRows {
  BufferRef buffer;
  const std::uint32_t* index = nullptr;
  std::size_t stride = 0;
  std::size_t rows = 0;
  BufferRef line_buffer;
  const std::uint32_t* lines =
      nullptr;  ///< of each row, after the text's first one; null where row r is in line r
  std::vector<BadShape> bad;

  [[nodiscard]] std::uint32_t begin(std::size_t row) const { return index[row * stride] + 1; }
  [[nodiscard]] std::uint32_t line(std::size_t row) const {
    return lines != nullptr ? lines[row] : static_cast<std::uint32_t>(row);
  }
};

/// What rows must look like.
struct RowShape {
  CsvDialect dialect;
  std::size_t fields = 0;
  std::size_t max_row = kMaxRowBytes;
};

/// Finds the rows of a piece. Any thread.
[[nodiscard]] CsvRows find_rows(const CsvText& text, const RowShape& shape,
                                const CsvKernels& kernels);

}  // namespace flowrun::nodes
