#include "nodes/formats/ndjson_reader.h"

#include <algorithm>
#include <utility>

#include "engine/core/error.h"

namespace flowrun::nodes {
namespace {

class NdjsonChunk final : public Chunk {
 public:
  explicit NdjsonChunk(CsvText piece) : text(std::move(piece)) { input_bytes = text.taken; }
  CsvText text;
};

class NdjsonReader final : public Reader {
 public:
  NdjsonReader(const Input& input, std::uint64_t number, const NdjsonTable& table)
      : cutter_(cut_lines(input, table.stream, table.max_row, *table.kernels)),
        decoding_{.layout = table.layout,
                  .dictionaries = table.dictionaries,
                  .kernels = table.kernels,
                  .max_row = table.max_row,
                  .fast = table.fast,
                  .name = input.name,
                  .number = number} {}

  std::unique_ptr<Chunk> read(const ReadRequest& request, std::stop_token stop) override {
    const auto bytes = static_cast<std::size_t>(std::max<std::int64_t>(request.bytes, 1));
    auto piece = cutter_.next(bytes, stop);
    if (!piece) return nullptr;
    return std::make_unique<NdjsonChunk>(std::move(*piece));
  }

  void decode(Chunk& chunk, const ReadRequest& request, Output& out) const override {
    auto* piece = dynamic_cast<NdjsonChunk*>(&chunk);
    if (piece == nullptr) bug("an NDJSON reader was given a piece that it did not read");
    decode_ndjson(piece->text, decoding_, request.rows, out);
  }

 private:
  CsvCutter cutter_;
  NdjsonDecoding decoding_;
};

}  // namespace

NdjsonTable::NdjsonTable(StreamFormat table_stream,
                         std::shared_ptr<const NdjsonLayout> table_layout, Simd simd,
                         bool dictionaries_wanted)
    : stream(table_stream), layout(std::move(table_layout)), kernels(&csv_kernels(simd)) {
  const auto budget = std::make_shared<DictionaryBudget>();
  for (const auto& field : layout->schema()->fields()) {
    const bool coded = dictionaries_wanted && field.type.id == TypeId::string;
    dictionaries.push_back(coded ? std::make_shared<Dictionary>(budget) : nullptr);
  }
}

CsvCutter cut_lines(const Input& input, const StreamFormat& stream, std::size_t max_row,
                    const CsvKernels& kernels) {
  // Without quotes a row of CSV is a line.
  const CsvDialect lines{.quote = std::nullopt};
  return {open_byte_stream(input.path, input.name, stream), input.name, lines, max_row, kernels};
}

std::unique_ptr<Reader> open_ndjson(const Input& input, std::uint64_t number,
                                    std::shared_ptr<const NdjsonTable> table) {
  return std::make_unique<NdjsonReader>(input, number, *table);
}

}  // namespace flowrun::nodes
