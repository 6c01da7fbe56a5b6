// Batches as NDJSON lines.
#pragma once

#include <string>
#include <vector>

#include "engine/data/batch.h"

namespace flowrun::nodes {

/// Turns batches of one schema into lines, one object each with the columns in order: numbers,
/// booleans and null bare (decimals too; nan and inf as strings), the rest as strings; invalid
/// UTF-8 becomes U+FFFD. Constant after construction: any thread, on many batches at once.
class NdjsonWriter {
 public:
  explicit NdjsonWriter(const Schema& schema);

  /// One line per row, as a batch of line_schema() under the same ordinals.
  [[nodiscard]] BatchRef lines(const Batch& batch) const;

 private:
  std::vector<std::string> keys_;  ///< `{"a":`, `,"b":`
  std::size_t key_bytes_ = 0;
};

}  // namespace flowrun::nodes
