// Reads files of newline-delimited JSON as batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/core/cpu.h"
#include "engine/spec/node.h"
#include "nodes/formats/csv_format.h"
#include "nodes/formats/ndjson_decode.h"

namespace flowrun::nodes {

/// What the readers of one source's files share: layout, and the dictionaries of its columns.
struct NdjsonTable {
  /// Dictionaries are made for string columns, unless they are not wanted.
  NdjsonTable(StreamFormat table_stream, std::shared_ptr<const NdjsonLayout> table_layout,
              Simd simd, bool dictionaries_wanted = true);

  StreamFormat stream;
  std::shared_ptr<const NdjsonLayout> layout;
  const CsvKernels* kernels;
  std::vector<std::shared_ptr<Dictionary>> dictionaries;
  std::size_t max_row = kMaxRowBytes;
  bool fast = true;  ///< as NdjsonDecoding::fast
};

/// Cuts a stream into pieces of whole lines.
[[nodiscard]] CsvCutter cut_lines(const Input& input, const StreamFormat& stream,
                                  std::size_t max_row, const CsvKernels& kernels);

/// Opens a file for reading. Throws Error(io).
[[nodiscard]] std::unique_ptr<Reader> open_ndjson(const Input& input, std::uint64_t number,
                                                  std::shared_ptr<const NdjsonTable> table);

}  // namespace flowrun::nodes
