// ndjson: the first line says how the rest, a file of JSON objects, is read; seeds/ndjson shows it:
//
//   00 s/a i/b/0 #37          encoding, row limit; for each column its type and the JSON pointer to
//                             its value; the sizes of pieces
//
// Whatever is in the file: rows and rejects do not depend on pieces, batches, instruction sets,
// dictionaries and the short cut for lines that look alike; every line that is not blank is a row
// or a reject; what the writer makes of the rows reads back as the same rows.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/formats/line_builder.h"
#include "nodes/formats/ndjson_infer.h"
#include "nodes/formats/ndjson_reader.h"
#include "nodes/formats/ndjson_writer.h"
#include "tests/fuzz/fuzzing.h"
#include "tests/fuzz/reading.h"

namespace {

using namespace flowrun;
using namespace flowrun::nodes;
using namespace flowrun::fuzzing;

constexpr std::size_t kMostColumns = 12;

using Paths = std::vector<std::vector<std::string>>;

struct Case {
  StreamFormat stream;
  std::size_t max_row = kMaxRowBytes;
  SchemaRef schema;
  Paths paths;
  Cut cut = cut_of("");
  std::string_view text;
};

Case case_of(std::string_view input) {
  static constexpr std::size_t kLimits[] = {kMaxRowBytes, 24, 100};
  Case out;
  auto line = take_until(input, '\n');
  out.text = input;
  Letters letters(take_until(line, ' '));
  // Compressed, a few bytes could be gigabytes.
  out.stream = {Compression::none, static_cast<Encoding>(letters.pick(5))};
  out.max_row = kLimits[letters.pick(std::size(kLimits))];
  std::vector<Field> fields;
  while (!line.empty() && fields.size() < kMostColumns) {
    const auto word = take_until(line, ' ');
    if (word.starts_with('#')) {
      out.cut = cut_of(word.substr(1));
      continue;
    }
    const auto path = word.empty() ? std::nullopt : parse_pointer(word.substr(1));
    if (!path) continue;
    fields.push_back({"c" + std::to_string(fields.size()), type_of(word.front())});
    out.paths.push_back(*path);
  }
  if (fields.empty()) {
    fields.push_back({"c0", kString});
    out.paths.push_back({"a"});
  }
  out.schema = make_schema(std::move(fields));
  return out;
}

struct How {
  Cut cut;
  Simd simd = Simd::portable;
  bool dictionaries = false;
  bool fast = false;
};

WhatWasRead read(const std::string& path, const Case& tried, const How& how) {
  auto table = std::make_shared<NdjsonTable>(
      tried.stream, std::make_shared<const NdjsonLayout>(tried.schema, tried.paths), how.simd,
      how.dictionaries);
  table->max_row = tried.max_row;
  table->fast = how.fast;
  return read_all([&] { return open_ndjson({.name = "in.ndjson", .path = path}, 3, table); },
                  how.cut);
}

/// Blank lines count where they are too long to be looked at.
void check_lines(const Case& tried, const WhatWasRead& whole) {
  const auto lines = plain_lines(tried.text, tried.stream.encoding);
  if (!lines || !whole.error.empty()) return;
  const auto expected = std::count_if(lines->begin(), lines->end(), [&](std::string_view line) {
    return line.size() > tried.max_row || !std::all_of(line.begin(), line.end(), is_json_space);
  });
  if (whole.lines() != static_cast<std::size_t>(expected)) {
    broken("every line that is not blank is a row or a reject", std::to_string(whole.lines()));
  }
}

/// Writes the rows as the ndjson sink would and reads them again.
void check_round_trip(const Case& tried, const WhatWasRead& whole) {
  const NdjsonWriter writer(*tried.schema);
  std::string written;
  for (const auto& batch : whole.batches) written += text_of_lines(*writer.lines(*batch));
  const MemoryFile file(written);
  Case flat{.schema = tried.schema};
  for (const auto& field : tried.schema->fields()) flat.paths.push_back({field.name});
  expect_written(
      read(file.path(), flat, {.simd = chosen_simd(), .dictionaries = true, .fast = true}), whole);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto tried = case_of({reinterpret_cast<const char*>(data), size});
  const MemoryFile file(tried.text);
  const auto whole = read(file.path(), tried, {});
  check_lines(tried, whole);
  expect_same(read(file.path(), tried, {.fast = true}), whole, "the short cut changes nothing");
  expect_same(read(file.path(), tried, {.cut = tried.cut}), whole, "the cut decides nothing");
  for (const auto level : available_simd()) {
    const How how{.cut = tried.cut, .simd = level, .dictionaries = true, .fast = true};
    expect_same(read(file.path(), tried, how), whole, "instruction sets agree");
  }
  may_fail([&] {
    static_cast<void>(
        infer_ndjson_schema({{.name = "in.ndjson", .path = file.path()}}, tried.stream));
  });
  if (whole.error.empty()) check_round_trip(tried, whole);
  return 0;
}
