#include "nodes/formats/csv_rows.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "nodes/formats/csv_machine.h"
#include "nodes/formats/csv_record.h"

namespace flowrun::nodes {
namespace {

/// The marks of a piece, as the kernels or the machine found them. One entry stands in front of the
/// first field's end: the end of the field "before the text", so that every field begins behind an
/// entry.
struct Marks {
  std::shared_ptr<Buffer> ends_buffer;
  std::shared_ptr<Buffer> rows_buffer;
  CsvIndex counts;

  [[nodiscard]] std::uint32_t* ends() const { return ends_buffer->mutable_as<std::uint32_t>() + 1; }
  [[nodiscard]] std::uint32_t* rows() const { return rows_buffer->mutable_as<std::uint32_t>(); }
};

void walk(const CsvText& text, const CsvDialect& dialect, Marks& marks) {
  auto& counts = marks.counts;
  counts.ends = 0;
  counts.rows = 0;
  CsvMachine machine(dialect);
  machine.run(
      text.text(), text.size,
      [&](std::size_t at) { marks.ends()[counts.ends++] = static_cast<std::uint32_t>(at); },
      [&](std::size_t at) {
        marks.rows()[counts.rows++] = static_cast<std::uint32_t>(at);
        return true;
      });
}

Marks find_marks(const CsvText& text, const CsvDialect& dialect, const CsvKernels& kernels) {
  Marks marks;
  marks.ends_buffer = Buffer::allocate((text.size + 1 + kScanSlack) * sizeof(std::uint32_t));
  marks.rows_buffer = Buffer::allocate((text.newlines + 1 + kScanSlack) * sizeof(std::uint32_t));
  marks.ends()[-1] = ~std::uint32_t{0};
  const CsvMarks looked_for{.delimiter = dialect.delimiter,
                            .quote = dialect.quote.value_or('"'),
                            .quoted = text.quotes && !dialect.irregular()};
  marks.counts = kernels.index(text.text(), text.size, looked_for, marks.ends(), marks.rows());
  if (text.quotes && dialect.irregular()) walk(text, dialect, marks);
  return marks;
}

/// True where every row has `fields` fields: then row r ends where field (r + 1) * fields - 1 does,
/// and no newline is anywhere else.
bool all_alike(const Marks& marks, std::size_t fields) {
  const auto& counts = marks.counts;
  if (counts.ends != counts.rows * fields) return false;
  std::uint32_t differences = 0;
  for (std::size_t row = 0; row < counts.rows; ++row) {
    differences |= marks.rows()[row] ^ marks.ends()[row * fields + fields - 1];
  }
  return differences == 0;
}

/// Goes over the rows one by one: leaves out blank lines and comments, strips CRs, tells the broken
/// ones.
class Assembler {
 public:
  Assembler(const CsvText& text, const RowShape& shape, const Marks& marks)
      : text_(text),
        shape_(shape),
        marks_(marks),
        check_text_(marks.counts.nul_bytes ||
                    (marks.counts.non_ascii && !simdjson::validate_utf8(text.text(), text.size))),
        many_lines_(text.newlines != marks.counts.rows) {}

  CsvRows run() {
    const auto rows = marks_.counts.rows;
    const auto entries = rows * (shape_.fields + 1);
    auto index = Buffer::allocate(entries * sizeof(std::uint32_t));
    auto lines = Buffer::allocate(rows * sizeof(std::uint32_t));
    index_ = index->mutable_as<std::uint32_t>();
    lines_ = lines->mutable_as<std::uint32_t>();
    std::uint32_t from = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      const auto end = marks_.rows()[row];
      take(from, end);
      line_ += many_lines_ ? newlines_in(from, end) + 1 : 1;
      from = end + 1;
    }
    out_.buffer = std::move(index);
    out_.index = index_;
    out_.stride = shape_.fields + 1;
    out_.line_buffer = std::move(lines);
    out_.lines = lines_;
    return std::move(out_);
  }

 private:
  /// Looks at the row [from, end), whose newline is at `end`.
  void take(std::uint32_t from, std::uint32_t end) {
    const auto* ends = marks_.ends() + next_;
    std::size_t fields = 1;
    while (ends[fields - 1] != end) ++fields;
    next_ += fields;
    const char* text = text_.text();
    const auto until = end > from && text[end - 1] == '\r' ? end - 1 : end;
    if (until == from) return;
    if (shape_.dialect.comment && text[from] == *shape_.dialect.comment) return;
    const std::string_view row(text + from, until - from);
    if (auto reason = problem(row, fields); !reason.empty()) {
      out_.bad.push_back(
          {.reason = std::move(reason), .from = from, .until = until, .line = line_});
      return;
    }
    auto* entry = index_ + out_.rows * (shape_.fields + 1);
    entry[0] = from - 1;
    std::memcpy(entry + 1, ends, fields * sizeof(std::uint32_t));
    entry[fields] = until;
    lines_[out_.rows++] = line_;
  }

  [[nodiscard]] std::string problem(std::string_view row, std::size_t fields) const {
    if (row.size() > shape_.max_row) return long_row_reason(shape_.max_row);
    if (check_text_) {
      if (const char* reason = text_problem(row); reason != nullptr) return reason;
    }
    if (fields == shape_.fields) return {};
    return fmt::format("expected {} field{}, found {}", shape_.fields,
                       shape_.fields == 1 ? "" : "s", fields);
  }

  [[nodiscard]] std::uint32_t newlines_in(std::uint32_t from, std::uint32_t end) const {
    const char* text = text_.text();
    return static_cast<std::uint32_t>(std::count(text + from, text + end, '\n'));
  }

  const CsvText& text_;
  const RowShape& shape_;
  const Marks& marks_;
  bool check_text_;
  bool many_lines_;
  std::uint32_t* index_ = nullptr;
  std::uint32_t* lines_ = nullptr;
  std::size_t next_ = 0;
  std::uint32_t line_ = 0;
  CsvRows out_;
};

}  // namespace

CsvRows find_rows(const CsvText& text, const RowShape& shape, const CsvKernels& kernels) {
  auto marks = find_marks(text, shape.dialect, kernels);
  const auto& counts = marks.counts;
  // A blank line has no delimiter, so a file of one column cannot tell it from a row without a
  // look.
  const bool simple = shape.fields > 1 && !counts.carriage_returns && !counts.nul_bytes &&
                      !shape.dialect.comment && text.newlines == counts.rows &&
                      text.size <= shape.max_row && all_alike(marks, shape.fields);
  if (!simple || (counts.non_ascii && !simdjson::validate_utf8(text.text(), text.size))) {
    return Assembler(text, shape, marks).run();
  }
  CsvRows out;
  out.index = marks.ends() - 1;
  out.stride = shape.fields;
  out.rows = counts.rows;
  out.buffer = std::move(marks.ends_buffer);
  return out;
}

}  // namespace flowrun::nodes
