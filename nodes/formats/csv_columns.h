// Fields of CSV text decoded into one typed column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/column.h"
#include "nodes/formats/csv_field.h"
#include "nodes/formats/csv_scan.h"
#include "nodes/formats/dictionary.h"

namespace flowrun::nodes {

/// A value that its column's type cannot take.
struct BadValue {
  std::uint32_t row = 0;
  std::uint32_t column = 0;
  std::string reason;
  std::string value;
};

/// What one column is decoded from and into.
struct ColumnInput {
  FieldColumn fields;
  Type type;
  std::uint32_t column = 0;  ///< for BadValue
  Dictionary* dictionary =
      nullptr;  ///< strings: where their codes come from; null for plain strings
  const CsvDialect* dialect = nullptr;
  const NullTexts* nulls = nullptr;
  const CsvKernels* kernels = nullptr;
};

/// Decodes a column; rows whose value is bad are added to `bad` and hold something, anything. Any
/// thread.
[[nodiscard]] ColumnRef decode_column(const ColumnInput& in, std::vector<BadValue>& bad);

}  // namespace flowrun::nodes
