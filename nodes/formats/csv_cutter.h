// Cuts a stream of CSV text into pieces that end where a row ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "engine/data/buffer.h"
#include "nodes/formats/byte_stream.h"
#include "nodes/formats/csv_format.h"
#include "nodes/formats/csv_machine.h"
#include "nodes/formats/csv_scan.h"

namespace flowrun::nodes {

/// Readable bytes in front of a piece's text.
inline constexpr std::size_t kFrontSlack = 64;

/// A row that could not be cut: longer than the limit, or with a quote that is never closed.
struct BrokenRow {
  std::string reason;
  std::string record;  ///< its beginning
};

/// Whole rows, each with its line end; or one broken row. Positions are those of the first byte.
struct CsvText {
  BufferRef buffer;
  std::size_t from = 0;      ///< where the text starts in `buffer`; at least kFrontSlack
  std::size_t size = 0;      ///< at least kScanSlack bytes behind it can be read
  std::uint64_t line = 1;    ///< 1-based
  std::uint64_t byte = 0;    ///< offset in the stream
  std::size_t newlines = 0;  ///< in the text, inside quotes, too
  bool quotes = false;       ///< there are quotes in it
  std::int64_t taken = 0;    ///< bytes of the file that were read for it
  std::optional<BrokenRow> broken;

  [[nodiscard]] const char* text() const { return buffer->as<char>() + from; }
  /// The text from `offset` on, which is the start of a row; `line` and `newlines` are made right.
  [[nodiscard]] CsvText rest(std::size_t offset) const;
};

/// Reads a stream piece by piece. Used by one thread at a time.
class CsvCutter {
 public:
  /// A byte-order mark at the start is skipped.
  CsvCutter(std::unique_ptr<ByteStream> stream, std::string name, const CsvDialect& dialect,
            std::size_t max_row, const CsvKernels& kernels);

  /// The next rows, about `bytes` of them; nothing at the end, or where asked to stop. A last row
  /// without a line end gets one. What a piece holds depends on `bytes`, the rows do not.
  [[nodiscard]] std::optional<CsvText> next(std::size_t bytes, const std::stop_token& stop);

 private:
  /// Reads until `size` bytes are at hand; false at the end of the stream.
  bool fill(std::size_t size, const std::stop_token& stop);
  void make_room(std::size_t size);
  void skip_mark(const std::stop_token& stop);
  CsvSurvey survey() const;
  CsvSurvey walk() const;
  [[nodiscard]] CsvText cut(std::size_t size, const CsvSurvey& survey);
  [[nodiscard]] std::optional<CsvText> last_rows(CsvSurvey survey);
  [[nodiscard]] std::optional<CsvText> skip_long_row(const std::stop_token& stop);
  [[nodiscard]] CsvText broken_row(std::string reason, std::string record);
  [[nodiscard]] std::string unclosed(const CsvMachine& machine) const;
  [[nodiscard]] const char* data() const { return buffer_->as<char>() + kFrontSlack; }

  std::unique_ptr<ByteStream> stream_;
  std::string name_;
  CsvDialect dialect_;
  std::size_t max_row_;
  const CsvKernels& kernels_;
  std::shared_ptr<Buffer> buffer_;  ///< kFrontSlack bytes, then what was read and not handed out
  std::size_t size_ = 0;
  std::uint64_t line_ = 1;
  std::uint64_t byte_ = 0;
  std::int64_t taken_ = 0;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace flowrun::nodes
