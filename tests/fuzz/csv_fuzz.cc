// csv: the first line says how the rest, a CSV file, is read; seeds/csv shows it:
//
//   ,"--h000isf 37            delimiter, quote, escape, comment ('-' for none); 'h' header, 'r'
//   with
//                             the columns in reverse, else none; nulls, encoding, row limit;
//                             types of columns; behind a blank the sizes of pieces
//
// Whatever is in the file: rows and rejects do not depend on pieces, batches, instruction sets and
// dictionaries; no line is lost; what the writer makes of the rows reads back as the same rows.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/formats/csv_infer.h"
#include "nodes/formats/csv_reader.h"
#include "nodes/formats/csv_writer.h"
#include "nodes/formats/line_builder.h"
#include "tests/fuzz/fuzzing.h"
#include "tests/fuzz/reading.h"

namespace {

using namespace flowrun;
using namespace flowrun::nodes;
using namespace flowrun::fuzzing;

constexpr char kNone = '-';

struct Case {
  CsvFormat format;
  bool reversed = false;
  std::string_view types;
  Cut cut;
  std::string_view text;
};

bool is_mark(char c) {
  return static_cast<unsigned char>(c) < 0x80 && c != '\n' && c != '\r' && c != '\0';
}

/// The marks of a dialect, where the options of the csv source would take them.
CsvDialect dialect_of(Letters& letters) {
  const char delimiter = letters.next(',');
  const char quote = letters.next('"');
  const char escape = letters.next(kNone);
  const char comment = letters.next(kNone);
  CsvDialect dialect;
  if (is_mark(delimiter)) dialect.delimiter = delimiter;
  if (quote == kNone) {
    dialect.quote.reset();
  } else if (is_mark(quote)) {
    dialect.quote = quote;
  }
  if (dialect.quote == dialect.delimiter) dialect.quote.reset();
  dialect.escape = dialect.quote.value_or('"');
  const bool escaped = dialect.quote && escape != kNone && is_mark(escape);
  if (escaped && escape != dialect.delimiter) dialect.escape = escape;
  const bool commented = comment != kNone && is_mark(comment);
  if (commented && comment != dialect.delimiter && comment != dialect.quote) {
    dialect.comment = comment;
  }
  return dialect;
}

Case case_of(std::string_view input) {
  static const std::vector<std::vector<std::string>> kNulls{
      {""}, {"", "NA"}, {"NA"}, {}, {"-999", "1", ""}};
  static constexpr std::size_t kLimits[] = {kMaxRowBytes, 24, 100};
  Case out;
  auto line = take_until(input, '\n');
  out.text = input;
  Letters letters(take_until(line, ' '));
  out.format.dialect = dialect_of(letters);
  const char header = letters.next('h');
  out.format.header = header == 'h' || header == 'r';
  out.reversed = header == 'r';
  out.format.nulls = kNulls[letters.pick(kNulls.size())];
  // Compressed, a few bytes could be gigabytes.
  out.format.stream = {Compression::none, static_cast<Encoding>(letters.pick(5))};
  out.format.max_row = kLimits[letters.pick(std::size(kLimits))];
  out.types = letters.rest();
  out.cut = cut_of(line);
  return out;
}

/// The columns to read: those of the file's header, less those of type '.', else as many as there
/// are types.
SchemaRef schema_of(const Case& tried, const std::string& path) {
  std::vector<std::string> names;
  if (tried.format.header) {
    may_fail([&] {
      CsvFile file(path, "in.csv", tried.format, csv_kernels(Simd::portable));
      if (file.read_header(kSampleBytes, {})) names = file.columns();
    });
  } else {
    for (std::size_t i = 0; i < tried.types.size(); ++i) names.push_back("c" + std::to_string(i));
  }
  std::vector<Field> fields;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const char letter = tried.types.empty() ? 's' : tried.types[i % tried.types.size()];
    if (letter != '.' || !tried.format.header) fields.push_back({names[i], type_of(letter)});
  }
  if (fields.empty()) fields.push_back({names.empty() ? "c0" : names.front(), kString});
  if (tried.reversed) std::reverse(fields.begin(), fields.end());
  return make_schema(std::move(fields));
}

WhatWasRead read(const std::string& path, const CsvFormat& format, const SchemaRef& schema,
                 const Cut& cut, Simd simd, bool dictionaries) {
  const auto table = std::make_shared<const CsvTable>(format, schema, simd, dictionaries);
  return read_all([&] { return open_csv({.name = "in.csv", .path = path}, 3, table); }, cut);
}

/// Without quotes every line is a row or a reject, but for blank ones, comments and the header.
void check_lines(const Case& tried, const WhatWasRead& whole) {
  const auto lines = plain_lines(tried.text, tried.format.stream.encoding);
  const auto& dialect = tried.format.dialect;
  if (dialect.quote || !lines || !whole.error.empty()) return;
  const auto rows = std::count_if(lines->begin(), lines->end(), [&](std::string_view line) {
    return !line.empty() && line.front() != dialect.comment;
  });
  const auto expected = rows - (tried.format.header && rows > 0 ? 1 : 0);
  if (whole.lines() != static_cast<std::size_t>(expected)) {
    broken("every line is a row or a reject", std::to_string(whole.lines()));
  }
}

/// Writes the rows as the csv sink would and reads them again.
void check_round_trip(const Case& tried, const SchemaRef& schema, const WhatWasRead& whole) {
  CsvStyle style;
  if (tried.format.dialect.quote) style.dialect = tried.format.dialect;
  style.dialect.comment.reset();
  // A null that is nothing makes a blank line of one column, and an empty value of bytes a null.
  style.nulls = "NA";
  const std::string marks{style.dialect.delimiter, *style.dialect.quote};
  if (style.nulls.find_first_of(marks) != std::string::npos) return;
  style.quoting = static_cast<CsvQuoting>(tried.text.size() % 3);
  if (tried.text.size() % 2 != 0) style.line_end = "\r\n";
  const CsvWriter writer(schema, style);
  auto written = writer.header();
  for (const auto& batch : whole.batches) written += text_of_lines(*writer.lines(*batch));
  const CsvFormat format{.dialect = style.dialect, .nulls = {style.nulls}};
  const MemoryFile file(written);
  expect_written(read(file.path(), format, schema, {}, chosen_simd(), true), whole);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto tried = case_of({reinterpret_cast<const char*>(data), size});
  const MemoryFile file(tried.text);
  const auto schema = schema_of(tried, file.path());
  const auto whole = read(file.path(), tried.format, schema, {}, Simd::portable, false);
  check_lines(tried, whole);
  for (const auto level : available_simd()) {
    const bool dictionaries = level != Simd::avx2;
    expect_same(read(file.path(), tried.format, schema, {}, level, dictionaries), whole,
                "instruction sets agree");
    expect_same(read(file.path(), tried.format, schema, tried.cut, level, dictionaries), whole,
                "the cut decides nothing");
  }
  may_fail([&] {
    static_cast<void>(infer_csv_schema({{.name = "in.csv", .path = file.path()}}, tried.format));
  });
  if (whole.error.empty()) check_round_trip(tried, schema, whole);
  return 0;
}
