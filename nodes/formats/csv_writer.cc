#include "nodes/formats/csv_writer.h"

#include <cstring>
#include <utility>
#include <vector>

#include "engine/core/time.h"
#include "nodes/formats/cell_writer.h"
#include "nodes/formats/line_builder.h"

namespace flowrun::nodes {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kFormulaStarts = "=+-@\t\r";
/// What the text of numbers, booleans, dates and times is made of (and of nan, inf).
constexpr std::string_view kValueCharacters = "0123456789+-.:TZaeflnrstuid";

char* append(char* to, std::string_view text) {
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

/// Fields of a dictionary column by code, made once per batch where that is less work than making
/// them row by row.
struct FieldsByCode {
  std::string text;
  std::vector<std::uint32_t> ends;
  [[nodiscard]] std::string_view at(std::int32_t code) const {
    const auto i = static_cast<std::size_t>(code);
    const auto from = i == 0 ? 0U : ends[i - 1];
    return std::string_view(text).substr(from, ends[i] - from);
  }
};

}  // namespace

/// The work on one batch.
class CsvLines {
 public:
  CsvLines(const CsvWriter& writer, const Batch& batch)
      : writer_(writer), batch_(batch), out_(batch.rows(), estimate()) {
    for (const auto& column : batch.columns()) {
      cells_.emplace_back(*column);
      by_code_.push_back(fields_of(*column));
    }
    row_room_ = cells_.size() * (CellWriter::kRoom + writer_.style_.nulls.size() + 1) + 8;
  }

  BatchRef run() {
    char* at = out_.begin();
    for (std::int64_t row = 0; row < batch_.rows(); ++row) {
      at = out_.room(at, row_room_);
      for (std::size_t i = 0; i < cells_.size(); ++i) {
        if (i != 0) *at++ = writer_.style_.dialect.delimiter;
        at = field(at, i, row);
      }
      at = append(at, writer_.style_.line_end);
      out_.end_line(at);
    }
    return out_.finish(batch_.ordinals());
  }

 private:
  /// What the lines may come to, from what the columns hold.
  [[nodiscard]] std::size_t estimate() const {
    return batch_.columns().size() * CellWriter::kRoom + text_estimate(batch_);
  }

  [[nodiscard]] FieldsByCode fields_of(const Column& column) const {
    FieldsByCode fields;
    if (!column.is_dictionary() || column.dictionary()->length() > column.length()) return fields;
    for (std::int64_t code = 0; code < column.dictionary()->length(); ++code) {
      const auto text = column.dictionary()->text(code);
      const auto size = fields.text.size();
      fields.text.resize(size + CsvWriter::quoted_room(text.size()));
      const char* end = writer_.write_field(fields.text.data() + size, text, true);
      fields.text.resize(static_cast<std::size_t>(end - fields.text.data()));
      fields.ends.push_back(static_cast<std::uint32_t>(fields.text.size()));
    }
    return fields;
  }

  char* field(char* at, std::size_t i, std::int64_t row) {
    auto& cell = cells_[i];
    if (!cell.is_valid(row)) return append(at, writer_.style_.nulls);
    const auto& column = batch_.column(i);
    if (column.type().id == TypeId::string) return text_field(at, i, row);
    if (column.type().id != TypeId::bytes && writer_.plain_values_) return cell.write(at, row);
    const auto text = text_of(column, row);
    at = out_.room(at, row_room_ + CsvWriter::quoted_room(text.size()));
    return writer_.write_field(at, text, false);
  }

  char* text_field(char* at, std::size_t i, std::int64_t row) {
    const auto& column = batch_.column(i);
    if (!by_code_[i].ends.empty()) {
      const auto text = by_code_[i].at(column.codes()[static_cast<std::size_t>(row)]);
      return append(out_.room(at, row_room_ + text.size()), text);
    }
    const auto text = column.text(row);
    at = out_.room(at, row_room_ + CsvWriter::quoted_room(text.size()));
    return writer_.write_field(at, text, true);
  }

  const CsvWriter& writer_;
  const Batch& batch_;
  LineBuilder out_;
  std::vector<CellWriter> cells_;
  std::vector<FieldsByCode> by_code_;
  std::size_t row_room_ = 0;  ///< what a row takes besides its texts
};

CsvWriter::CsvWriter(SchemaRef schema, CsvStyle style)
    : schema_(std::move(schema)), style_(std::move(style)) {
  const auto& dialect = style_.dialect;
  const std::string marks{dialect.delimiter, *dialect.quote, '\n', '\r'};
  for (const char c : marks) special_[static_cast<unsigned char>(c)] = true;
  plain_values_ = style_.quoting != CsvQuoting::all &&
                  kValueCharacters.find_first_of(marks) == std::string_view::npos &&
                  !parse_float64(style_.nulls) && !parse_bool(style_.nulls) &&
                  !parse_timestamp(style_.nulls);
}

bool CsvWriter::must_quote(std::string_view text) const {
  if (text.empty() || text.front() == ' ' || text.back() == ' ' || text == style_.nulls)
    return true;
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) return true;
  bool any = false;
  for (const char c : text) any |= special_[static_cast<unsigned char>(c)];
  return any;
}

char* CsvWriter::write_field(char* to, std::string_view text, bool is_text) const {
  const bool formula = style_.escape_formulas && is_text && !text.empty() &&
                       kFormulaStarts.find(text.front()) != std::string_view::npos;
  const bool quoted = style_.quoting == CsvQuoting::all ||
                      (style_.quoting == CsvQuoting::text && is_text) || formula ||
                      must_quote(text);
  if (!quoted) return append(to, text);
  const char quote = *style_.dialect.quote;
  const char escape = style_.dialect.escape;
  *to++ = quote;
  const auto put = [&](char c) {
    if (c == quote || c == escape) *to++ = escape;
    *to++ = c;
  };
  if (formula) put('\'');
  for (const char c : text) put(c);
  *to++ = quote;
  return to;
}

std::string CsvWriter::header() const {
  std::string out;
  for (const auto& field : schema_->fields()) {
    if (!out.empty()) out += style_.dialect.delimiter;
    const auto size = out.size();
    out.resize(size + quoted_room(field.name.size()));
    const char* end = write_field(out.data() + size, field.name, true);
    out.resize(static_cast<std::size_t>(end - out.data()));
  }
  return out + style_.line_end;
}

BatchRef CsvWriter::lines(const Batch& batch) const { return CsvLines(*this, batch).run(); }

}  // namespace flowrun::nodes
