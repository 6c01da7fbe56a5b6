#include "tests/nodes/formats/ndjson_testing.h"

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace flowrun::testing {
namespace {

ReadRows read_once(const std::string& path, const JsonReading& reading, bool fast,
                   ReadRequest request) {
  std::vector<std::vector<std::string>> paths;
  for (const auto& field : reading.columns) {
    const auto pointer = std::find_if(reading.pointers.begin(), reading.pointers.end(),
                                      [&](const auto& entry) { return entry.first == field.name; });
    paths.push_back(pointer == reading.pointers.end()
                        ? std::vector{field.name}
                        : nodes::parse_pointer(pointer->second).value());
  }
  auto table = std::make_shared<nodes::NdjsonTable>(
      nodes::StreamFormat{},
      std::make_shared<const nodes::NdjsonLayout>(make_schema(reading.columns), paths),
      available_simd().back(), reading.dictionaries);
  table->fast = fast;
  table->max_row = reading.max_row;
  const auto reader =
      nodes::open_ndjson({.name = "in.ndjson", .path = path}, kInputNumber, std::move(table));
  CollectedRows out;
  while (const auto chunk = reader->read(request, {})) reader->decode(*chunk, request, out);
  return out.take();
}

std::vector<std::string> all_of(const ReadRows& read) {
  auto all = read.lines();
  for (const auto ordinal : read.ordinals) all.push_back(std::to_string(ordinal));
  for (const auto& reject : read.rejects) {
    all.push_back(reject.origin + '|' + reject.reason + '|' + reject.column + '|' + reject.value +
                  '|' + reject.record);
  }
  return all;
}

}  // namespace

std::vector<Field> fields_of(std::string_view text) {
  std::vector<Field> fields;
  while (!text.empty()) {
    const auto comma = text.find(", ");
    const auto item = text.substr(0, comma);
    const auto space = item.find(' ');
    fields.push_back(
        {std::string(item.substr(0, space)), parse_type(item.substr(space + 1)).value()});
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 2);
  }
  return fields;
}

ReadRows read_json(std::string_view text, const JsonReading& reading) {
  const TempFolder folder;
  const auto path = write_file(folder / "in.ndjson", text);
  auto read = read_once(path, reading, true, reading.request);
  const auto expected = all_of(read);
  const std::vector<ReadRequest> others = {
      reading.request, {.bytes = 1}, {.bytes = 50, .rows = 2}, {.rows = 3}};
  for (const auto& request : others) {
    for (const bool fast : {false, true}) {
      if (all_of(read_once(path, reading, fast, request)) != expected) {
        throw std::runtime_error("read otherwise " + std::string(fast ? "fast" : "slowly") +
                                 ", bytes " + std::to_string(request.bytes));
      }
    }
  }
  return read;
}

}  // namespace flowrun::testing
