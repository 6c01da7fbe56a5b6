// Pieces of CSV text turned into batches and rejects.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/data/schema.h"
#include "engine/spec/node.h"
#include "nodes/formats/csv_columns.h"
#include "nodes/formats/csv_rows.h"

namespace flowrun::nodes {

/// In place of a field: the input has none, and the column is null.
inline constexpr std::size_t kNoField = SIZE_MAX;

/// How the rows of one input become rows of a schema. Immutable, but for the dictionaries, which
/// guard themselves.
struct CsvDecoding {
  SchemaRef schema;
  std::vector<std::size_t>
      fields;  ///< for each column of the schema, the field that it is read from, or kNoField
  std::vector<std::shared_ptr<Dictionary>> dictionaries;  ///< for each column; null for plain
  RowShape shape;
  NullTexts nulls{{""}};
  const CsvKernels* kernels = nullptr;
  std::string name;          ///< of the input, for origins
  std::uint64_t number = 0;  ///< of the input, for ordinals
};

/// Decodes a piece: good rows go to port 0 in batches of at most `rows`, the others are rejected.
/// Any thread.
void decode_csv(const CsvText& text, const CsvDecoding& decoding, std::int64_t rows, Output& out);

}  // namespace flowrun::nodes
