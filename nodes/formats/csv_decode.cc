#include "nodes/formats/csv_decode.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "nodes/formats/csv_record.h"

namespace flowrun::nodes {
namespace {

constexpr std::int64_t kFewestRows = 256;  // of a full batch, however wide the rows are

/// Decodes the rows of one piece batch by batch.
class Decoder {
 public:
  Decoder(const CsvText& text, const CsvDecoding& decoding, const CsvRows& rows, Output& out)
      : text_(text), decoding_(decoding), rows_(rows), out_(out) {}

  void batch(std::size_t from, std::size_t count) {
    std::vector<BadValue> bad;
    std::vector<ColumnRef> columns;
    columns.reserve(decoding_.fields.size());
    for (std::size_t column = 0; column < decoding_.fields.size(); ++column) {
      const bool is_there = decoding_.fields[column] != kNoField;
      columns.push_back(is_there ? decode_column(input(column, from, count), bad)
                                 : null_column(decoding_.schema->field(column).type,
                                               static_cast<std::int64_t>(count)));
    }
    if (bad.empty()) {
      out_.emit(0, std::make_shared<const Batch>(decoding_.schema, std::move(columns),
                                                 static_cast<std::int64_t>(count),
                                                 ordinals(from, count)));
      return;
    }
    const auto good = reject_values(std::move(bad), from, count);
    if (good.empty()) return;
    for (auto& column : columns) column = take(*column, good);
    out_.emit(0, std::make_shared<const Batch>(decoding_.schema, std::move(columns),
                                               static_cast<std::int64_t>(good.size()),
                                               ordinals_of(from, good)));
  }

  void reject_shapes() {
    for (const auto& bad : rows_.bad) {
      reject(bad.line, bad.from, bad.until, {.reason = bad.reason});
    }
  }

 private:
  [[nodiscard]] ColumnInput input(std::size_t column, std::size_t from, std::size_t count) const {
    const auto field = decoding_.fields[column];
    const auto& dialect = decoding_.shape.dialect;
    ColumnInput in{.type = decoding_.schema->field(column).type,
                   .column = static_cast<std::uint32_t>(column),
                   .dictionary = decoding_.dictionaries[column].get(),
                   .dialect = &dialect,
                   .nulls = &decoding_.nulls,
                   .kernels = decoding_.kernels};
    in.fields = {.text = text_.text(),
                 .index = rows_.index + from * rows_.stride + field,
                 .stride = rows_.stride,
                 .rows = count,
                 .quote = text_.quotes ? dialect.quote : std::nullopt};
    return in;
  }

  [[nodiscard]] std::uint64_t ordinal(std::uint32_t line) const {
    return Ordinals::pack(decoding_.number, text_.line + line);
  }

  [[nodiscard]] Ordinals ordinals(std::size_t from, std::size_t count) const {
    const bool consecutive = rows_.line(from + count - 1) - rows_.line(from) == count - 1;
    if (consecutive) return {.first = ordinal(rows_.line(from))};
    auto values = Buffer::allocate(count * sizeof(std::uint64_t));
    for (std::size_t i = 0; i < count; ++i) {
      values->mutable_as<std::uint64_t>()[i] = ordinal(rows_.line(from + i));
    }
    return {.values = std::move(values)};
  }

  [[nodiscard]] Ordinals ordinals_of(std::size_t from,
                                     const std::vector<std::uint32_t>& rows) const {
    auto values = Buffer::allocate(rows.size() * sizeof(std::uint64_t));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      values->mutable_as<std::uint64_t>()[i] = ordinal(rows_.line(from + rows[i]));
    }
    return {.values = std::move(values)};
  }

  /// Rejects every row once, for its first bad column; returns the other rows.
  std::vector<std::uint32_t> reject_values(std::vector<BadValue> bad, std::size_t from,
                                           std::size_t count) {
    std::sort(bad.begin(), bad.end(), [](const BadValue& a, const BadValue& b) {
      return a.row != b.row ? a.row < b.row : a.column < b.column;
    });
    std::vector<std::uint32_t> good;
    good.reserve(count);
    auto next = bad.begin();
    for (std::uint32_t row = 0; row < count; ++row) {
      if (next == bad.end() || next->row != row) {
        good.push_back(row);
        continue;
      }
      const auto [begin, end] = row_text(from + row);
      reject(rows_.line(from + row), begin, end,
             {.reason = std::move(next->reason),
              .column = decoding_.schema->field(next->column).name,
              .value = record_text(next->value)});
      while (next != bad.end() && next->row == row) ++next;
    }
    return good;
  }

  [[nodiscard]] std::pair<std::uint32_t, std::uint32_t> row_text(std::size_t row) const {
    return {rows_.begin(row), rows_.index[row * rows_.stride + decoding_.shape.fields]};
  }

  void reject(std::uint32_t line, std::uint32_t from, std::uint32_t until, Reject reject) {
    reject.origin = row_origin(decoding_.name, text_.line + line, text_.byte + from);
    reject.record = record_text({text_.text() + from, until - from});
    reject.ordinal = ordinal(line);
    out_.reject(std::move(reject));
  }

  const CsvText& text_;
  const CsvDecoding& decoding_;
  const CsvRows& rows_;
  Output& out_;
};

/// Rows of a batch, so that wide rows make batches of about the usual size.
std::int64_t rows_per_batch(const Schema& schema, std::int64_t wanted) {
  std::int64_t width = 0;
  for (const auto& field : schema.fields()) width += std::max(field.type.width(), 4);
  const auto fit = std::max(kFewestRows, kMaxBatchBytes / std::max<std::int64_t>(width, 1));
  return std::clamp<std::int64_t>(std::min(fit, wanted), 1, kMaxBatchRows);
}

}  // namespace

void decode_csv(const CsvText& text, const CsvDecoding& decoding, std::int64_t rows, Output& out) {
  if (text.broken) {
    out.reject({.reason = text.broken->reason,
                .origin = row_origin(decoding.name, text.line, text.byte),
                .record = text.broken->record,
                .ordinal = Ordinals::pack(decoding.number, text.line)});
    return;
  }
  const auto found = find_rows(text, decoding.shape, *decoding.kernels);
  Decoder decoder(text, decoding, found, out);
  decoder.reject_shapes();
  const auto step = static_cast<std::size_t>(rows_per_batch(*decoding.schema, rows));
  for (std::size_t from = 0; from < found.rows; from += step) {
    decoder.batch(from, std::min(step, found.rows - from));
  }
}

}  // namespace flowrun::nodes
