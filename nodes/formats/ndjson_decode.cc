#include "nodes/formats/ndjson_decode.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "nodes/formats/csv_record.h"
#include "nodes/formats/ndjson_columns.h"
#include "nodes/formats/ndjson_lines.h"

namespace flowrun::nodes {
namespace {

constexpr std::int64_t kFewestRows = 256;  // of a full batch, however wide the rows are

/// Decodes the lines of one piece batch by batch.
class NdjsonDecoder {
 public:
  /// `text` is the piece's text, wherever it lies.
  NdjsonDecoder(const CsvText& piece, const char* text, char* spare, const NdjsonDecoding& decoding,
                Output& out)
      : piece_(piece),
        text_(text),
        decoding_(decoding),
        schema_(*decoding.layout->schema()),
        out_(out),
        lines_(*decoding.layout, {text, piece.size}, spare, decoding.max_row, decoding.fast,
               [this](const NdjsonLine& line, NdjsonProblem problem) {
                 reject(line, std::move(problem));
               }) {}

  /// False at the end.
  bool batch(std::size_t most) {
    const auto rows = lines_.next(most);
    if (rows.lines.empty()) return false;
    std::vector<BadValue> bad;
    std::vector<ColumnRef> columns;
    columns.reserve(schema_.size());
    for (std::size_t i = 0; i < schema_.size(); ++i) {
      columns.push_back(decode_json_column(input(rows, i), bad));
    }
    if (bad.empty()) {
      emit(std::move(columns), ordinals(rows.lines), rows.lines.size());
      return true;
    }
    const auto good = reject_values(std::move(bad), rows.lines);
    if (good.empty()) return true;
    std::vector<NdjsonLine> good_lines;
    for (const auto row : good) good_lines.push_back(rows.lines[row]);
    for (auto& column : columns) column = take(*column, good);
    emit(std::move(columns), ordinals(good_lines), good.size());
    return true;
  }

 private:
  [[nodiscard]] ColumnInput input(const NdjsonRows& rows, std::size_t column) const {
    ColumnInput in{.type = schema_.field(column).type,
                   .column = static_cast<std::uint32_t>(column),
                   .dictionary = decoding_.dictionaries[column].get(),
                   .kernels = decoding_.kernels};
    in.fields = {.text = text_,
                 .index = rows.index + 2 * column,
                 .stride = 2 * schema_.size(),
                 .rows = rows.lines.size()};
    return in;
  }

  void emit(std::vector<ColumnRef> columns, Ordinals ordinals, std::size_t rows) {
    out_.emit(0,
              std::make_shared<const Batch>(decoding_.layout->schema(), std::move(columns),
                                            static_cast<std::int64_t>(rows), std::move(ordinals)));
  }

  [[nodiscard]] std::uint64_t ordinal(const NdjsonLine& line) const {
    return Ordinals::pack(decoding_.number, piece_.line + line.line);
  }

  [[nodiscard]] Ordinals ordinals(const std::vector<NdjsonLine>& lines) const {
    if (lines.back().line - lines.front().line == lines.size() - 1) {
      return {.first = ordinal(lines.front())};
    }
    auto values = Buffer::allocate(lines.size() * sizeof(std::uint64_t));
    for (std::size_t i = 0; i < lines.size(); ++i) {
      values->mutable_as<std::uint64_t>()[i] = ordinal(lines[i]);
    }
    return {.values = std::move(values)};
  }

  /// Rejects every row once, for its first bad column; returns the other rows.
  std::vector<std::uint32_t> reject_values(std::vector<BadValue> bad,
                                           const std::vector<NdjsonLine>& lines) {
    std::sort(bad.begin(), bad.end(), [](const BadValue& a, const BadValue& b) {
      return a.row != b.row ? a.row < b.row : a.column < b.column;
    });
    std::vector<std::uint32_t> good;
    good.reserve(lines.size());
    auto next = bad.begin();
    for (std::uint32_t row = 0; row < lines.size(); ++row) {
      if (next == bad.end() || next->row != row) {
        good.push_back(row);
        continue;
      }
      reject(lines[row], {.reason = std::move(next->reason),
                          .column = schema_.field(next->column).name,
                          .value = record_text(next->value)});
      while (next != bad.end() && next->row == row) ++next;
    }
    return good;
  }

  void reject(const NdjsonLine& line, NdjsonProblem problem) {
    out_.reject(
        {.reason = std::move(problem.reason),
         .column = std::move(problem.column),
         .value = std::move(problem.value),
         .origin = row_origin(decoding_.name, piece_.line + line.line, piece_.byte + line.from),
         .record = record_text(without_line_end(lines_.text_of(line))),
         .ordinal = ordinal(line)});
  }

  const CsvText& piece_;
  const char* text_;
  const NdjsonDecoding& decoding_;
  const Schema& schema_;
  Output& out_;
  NdjsonLines lines_;
};

/// Rows of a batch, so that wide rows make batches of about the usual size.
std::size_t rows_per_batch(const Schema& schema, std::int64_t wanted) {
  std::int64_t width = 0;
  for (const auto& field : schema.fields()) width += std::max(field.type.width(), 4);
  const auto fit = std::max(kFewestRows, kMaxBatchBytes / std::max<std::int64_t>(width, 1));
  return static_cast<std::size_t>(
      std::clamp<std::int64_t>(std::min(fit, wanted), 1, kMaxBatchRows));
}

/// The piece's text in memory of its own with as much room behind it, for texts without their
/// escapes.
std::shared_ptr<Buffer> with_spare(const CsvText& piece) {
  auto copy = Buffer::allocate(kFrontSlack + 2 * piece.size + kScanSlack);
  std::memcpy(copy->mutable_as<char>() + kFrontSlack, piece.text(), piece.size);
  return copy;
}

}  // namespace

void decode_ndjson(const CsvText& text, const NdjsonDecoding& decoding, std::int64_t rows,
                   Output& out) {
  if (text.broken) {
    out.reject({.reason = text.broken->reason,
                .origin = row_origin(decoding.name, text.line, text.byte),
                .record = text.broken->record,
                .ordinal = Ordinals::pack(decoding.number, text.line)});
    return;
  }
  const bool escapes = std::memchr(text.text(), '\\', text.size) != nullptr;
  const auto copy = escapes ? with_spare(text) : nullptr;
  char* own = copy ? copy->mutable_as<char>() + kFrontSlack : nullptr;
  NdjsonDecoder decoder(text, own != nullptr ? own : text.text(),
                        own != nullptr ? own + text.size : nullptr, decoding, out);
  const auto step = rows_per_batch(*decoding.layout->schema(), rows);
  while (decoder.batch(step)) {
  }
}

}  // namespace flowrun::nodes
