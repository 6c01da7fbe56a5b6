#include "tests/nodes/formats/csv_testing.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "engine/data/text.h"

namespace flowrun::testing {

std::string write_file(const std::string& path, std::string_view content) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream out(path, std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
  return path;
}

std::vector<std::string> ReadRows::reasons() const {
  std::vector<std::string> out;
  for (const auto& reject : rejects) {
    const auto line = reject.ordinal & ((std::uint64_t{1} << Ordinals::kRowBits) - 1);
    out.push_back(std::to_string(line) + ":" + reject.reason);
  }
  return out;
}

std::vector<std::string> ReadRows::lines() const {
  std::vector<std::string> out;
  for (const auto& row : rows) {
    std::string line;
    for (const auto& value : row) line.append("|").append(value.value_or("(null)"));
    out.push_back(line.substr(1));
  }
  return out;
}

void CollectedRows::emit(std::size_t port, BatchRef batch) {
  if (port != 0) throw std::runtime_error("rows on another port than the main one");
  batches_.push_back(std::move(batch));
}

ReadRows CollectedRows::take() {
  ReadRows out;
  for (const auto& batch : batches_) {
    out.batch_rows.push_back(batch->rows());
    for (std::int64_t row = 0; row < batch->rows(); ++row) {
      TextRow texts;
      for (const auto& column : batch->columns()) {
        out.coded = out.coded || column->is_dictionary();
        texts.push_back(column->is_valid(row) ? std::optional(text_of(*column, row))
                                              : std::nullopt);
      }
      out.rows.push_back(std::move(texts));
      out.ordinals.push_back(batch->ordinal(row));
    }
  }
  out.rejects = std::move(rejects_);
  std::stable_sort(out.rejects.begin(), out.rejects.end(),
                   [](const Reject& a, const Reject& b) { return a.ordinal < b.ordinal; });
  return out;
}

ReadRows read_file(const std::string& path, const Reading& reading) {
  auto table = std::make_shared<const nodes::CsvTable>(reading.format, make_schema(reading.columns),
                                                       reading.simd, reading.dictionaries);
  const auto name = std::filesystem::path(path).filename().string();
  const auto reader = nodes::open_csv({.name = name, .path = path}, kInputNumber, std::move(table));
  CollectedRows out;
  while (const auto chunk = reader->read(reading.request, {})) {
    reader->decode(*chunk, reading.request, out);
  }
  return out.take();
}

ReadRows read_text(std::string_view text, const Reading& reading) {
  const TempFolder folder;
  return read_file(write_file(folder / "in.csv", text), reading);
}

std::vector<Field> strings(const std::vector<std::string>& names) {
  std::vector<Field> fields;
  for (const auto& name : names) fields.push_back({name, kString});
  return fields;
}

std::vector<Field> letters(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.emplace_back(1, static_cast<char>('a' + i));
  return strings(names);
}

}  // namespace flowrun::testing
