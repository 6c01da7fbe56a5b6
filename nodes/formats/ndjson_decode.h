// Pieces of NDJSON text turned into batches and rejects.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/spec/node.h"
#include "nodes/formats/csv_cutter.h"
#include "nodes/formats/csv_scan.h"
#include "nodes/formats/dictionary.h"
#include "nodes/formats/ndjson_layout.h"

namespace flowrun::nodes {

/// How the lines of one input become rows of a schema. Immutable, but for the dictionaries, which
/// guard themselves.
struct NdjsonDecoding {
  std::shared_ptr<const NdjsonLayout> layout;
  std::vector<std::shared_ptr<Dictionary>> dictionaries;  ///< for each column; null for plain
  const CsvKernels* kernels = nullptr;
  std::size_t max_row = kMaxRowBytes;
  bool fast = true;  ///< false: lines that look alike take no short cut; the result is the same
  std::string name;  ///< of the input, for origins
  std::uint64_t number = 0;  ///< of the input, for ordinals
};

/// Decodes a piece of whole lines: good rows go to port 0 in batches of at most `rows`, the others
/// are rejected. Any thread.
void decode_ndjson(const CsvText& text, const NdjsonDecoding& decoding, std::int64_t rows,
                   Output& out);

}  // namespace flowrun::nodes
