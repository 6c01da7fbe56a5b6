// Finds the marks of CSV text 64 bytes at a time: where fields and rows end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/core/cpu.h"

namespace flowrun::nodes {

/// Bytes behind the text that kernels may read, and entries behind the last one that they may
/// write.
inline constexpr std::size_t kScanSlack = 64;

/// The bytes that a scan looks for.
struct CsvMarks {
  char delimiter = ',';
  char quote = '"';
  bool quoted = true;  ///< false: there is no quote
};

/// What there is to know of a piece of text before it is cut into rows.
struct CsvSurvey {
  std::size_t newlines = 0;  ///< all of them
  std::size_t last_row_end =
      0;                ///< just behind the last newline outside quotes; 0 where there is none
  bool quotes = false;  ///< there are quotes
  bool open = false;    ///< a quote is open at the end
};

/// Where fields and rows end: offsets of the delimiters and newlines outside quotes.
struct CsvIndex {
  std::size_t ends = 0;  ///< entries written to `ends`: fields, the last of each row included
  std::size_t rows = 0;  ///< entries written to `rows`: newlines only
  // What the text may hold. A few bytes behind it count, too, so a flag can be set without cause,
  // never the other way.
  bool non_ascii = false;
  bool carriage_returns = false;
  bool nul_bytes = false;
};

/// A column's fields in the text: field r is [index[r * stride] + 1, index[r * stride + 1]), modulo
/// 2^32. At least 16 bytes before the text and 64 behind it can be read.
struct FieldColumn {
  const char* text = nullptr;
  const std::uint32_t* index = nullptr;
  std::size_t stride = 0;
  std::size_t rows = 0;
  std::optional<char> quote;  ///< fields may be quoted with it

  [[nodiscard]] std::uint32_t begin(std::size_t row) const { return index[row * stride] + 1; }
  [[nodiscard]] std::uint32_t end(std::size_t row) const { return index[row * stride + 1]; }
};

/// The hot loops in one instruction set. The text starts at the start of a row, outside quotes; a
/// quote inside a quoted field is doubled, and there are no comments (CsvMachine reads the other
/// dialects).
struct CsvKernels {
  CsvSurvey (*survey)(const char* text, std::size_t size, const CsvMarks& marks);
  /// `ends` has room for `size` + kScanSlack entries, `rows` for the number of newlines +
  /// kScanSlack.
  CsvIndex (*index)(const char* text, std::size_t size, const CsvMarks& marks, std::uint32_t* ends,
                    std::uint32_t* rows);
  /// Parses plain decimals of up to 15 digits ("-12.50") into `out`; the numbers of all other rows
  /// go to `odd`, which has room for all, and are counted by the result. Exactly what
  /// parse_float64() gives.
  std::size_t (*float64)(const FieldColumn& fields, double* out, std::uint32_t* odd);
};

/// The kernels of an instruction set, which this machine must have.
[[nodiscard]] const CsvKernels& csv_kernels(Simd level);

}  // namespace flowrun::nodes
