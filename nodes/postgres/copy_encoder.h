// Batches as the data of a binary COPY.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/batch.h"
#include "nodes/postgres/copy_form.h"

namespace flowrun::postgres {

/// What stands before the first row, and behind the last.
[[nodiscard]] const std::string& copy_header();
[[nodiscard]] const std::string& copy_trailer();

/// Encodes row by row, a stretch of rows at a time, each column of it in one go. The values must
/// have been through CopyCheck. One thread.
class CopyEncoder {
 public:
  /// One form per field. With `numbered`, every row begins with its number (bigint).
  CopyEncoder(std::vector<CopyForm> forms, bool numbered)
      : forms_(std::move(forms)), numbered_(numbered), rendered_(forms_.size()) {}

  /// Appends the rows to `out`; the first one's number is `first`.
  void encode(const Batch& batch, std::int64_t first, std::string& out);

 private:
  /// Rows that are encoded together: their cells stay in the nearest cache.
  static constexpr std::size_t kStretch = 128;
  /// Cells whose size is known only once they are written.
  struct Rendered {
    std::string bytes;
    std::vector<std::uint32_t> ends;
  };

  void measure(const Batch& batch, std::size_t i, std::int64_t from, std::size_t rows);
  void render(const Column& column, std::size_t i, std::int64_t from, std::size_t rows);
  void write(const Batch& batch, std::size_t i, std::int64_t from, std::size_t rows);

  std::vector<CopyForm> forms_;
  bool numbered_;
  std::vector<Rendered> rendered_;
  std::uint32_t sizes_[kStretch] = {};
  char* places_[kStretch] = {};
};

}  // namespace flowrun::postgres
