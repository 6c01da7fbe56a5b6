// Reads CSV text in tests the way the engine does, and shows what came of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/cpu.h"
#include "engine/spec/node.h"
#include "nodes/formats/csv_reader.h"
#include "tests/support/temp_folder.h"

namespace flowrun::testing {

/// Writes a file, with the folders it needs, and returns its path.
std::string write_file(const std::string& path, std::string_view content);

/// A row as text; nothing for null.
using TextRow = std::vector<std::optional<std::string>>;

struct ReadRows {
  std::vector<TextRow> rows;
  std::vector<std::uint64_t> ordinals;
  std::vector<Reject> rejects;  ///< by ordinal
  std::vector<std::int64_t> batch_rows;
  bool coded = false;  ///< some string column came as a dictionary

  /// "line:reason" of each reject.
  [[nodiscard]] std::vector<std::string> reasons() const;
  /// "a|b|(null)" of each row.
  [[nodiscard]] std::vector<std::string> lines() const;
};

/// Keeps what a node puts out.
class CollectedRows final : public Output {
 public:
  void emit(std::size_t port, BatchRef batch) override;
  void reject(Reject reject) override { rejects_.push_back(std::move(reject)); }
  [[nodiscard]] ReadRows take();

 private:
  std::vector<BatchRef> batches_;
  std::vector<Reject> rejects_;
};

/// How a text is read.
struct Reading {
  nodes::CsvFormat format;
  std::vector<Field> columns;
  ReadRequest request;
  Simd simd = available_simd().back();
  bool dictionaries = true;
};

/// Reads a whole file as input number 3.
[[nodiscard]] ReadRows read_file(const std::string& path, const Reading& reading);
/// The same for text, through a file.
[[nodiscard]] ReadRows read_text(std::string_view text, const Reading& reading);
/// All columns strings.
[[nodiscard]] std::vector<Field> strings(const std::vector<std::string>& names);
/// "a", "b", … as strings.
[[nodiscard]] std::vector<Field> letters(std::size_t count);

inline constexpr std::uint64_t kInputNumber = 3;

}  // namespace flowrun::testing
