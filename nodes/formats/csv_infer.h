// The schema of CSV files, found by looking at their first rows.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/schema.h"
#include "engine/spec/node.h"
#include "nodes/formats/csv_format.h"

namespace flowrun::nodes {

/// How much of the first files is looked at.
inline constexpr std::int64_t kSampleRows = 1000;
inline constexpr std::size_t kSampleBytes = 64U << 10U;
inline constexpr std::size_t kSampleFiles = 8;

struct InferredSchema {
  SchemaRef schema;                ///< never null; without fields where the files have no header
  std::int64_t rows = 0;           ///< that were looked at
  std::vector<std::string> files;  ///< that were looked at
};

/// Finds names and types: int64, float64, date, timestamp, timestamptz, else string. A column whose
/// sample has no value is a string, and so is one with leading zeros ("007"), a plus sign, integers
/// beyond 64 bits, or times partly with a zone. The names are those of the first file that has any;
/// columns that only later files have are left out. Throws as CsvFile does.
[[nodiscard]] InferredSchema infer_csv_schema(const std::vector<Input>& files,
                                              const CsvFormat& format);

/// The types that could hold values like those added; for one column.
class TypeGuess {
 public:
  void add(std::string_view value);
  [[nodiscard]] Type type() const;

 private:
  unsigned possible_ = ~0U;
  bool any_ = false;
};

}  // namespace flowrun::nodes
