#include "nodes/formats/csv_reader.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "engine/core/diagnostic.h"
#include "engine/core/error.h"
#include "nodes/formats/csv_field.h"
#include "nodes/formats/csv_machine.h"
#include "nodes/formats/csv_record.h"

namespace flowrun::nodes {
namespace {

/// The first row of a piece that is no blank line and no comment: where it starts and where its
/// fields end.
struct FirstRow {
  std::size_t from = 0;
  std::size_t next = 0;  ///< where the row behind it starts
  std::vector<std::uint32_t>
      ends;  ///< as CsvRows::index: the entry before the row, then every field's end
};

std::optional<FirstRow> find_first_row(const CsvText& piece, const CsvDialect& dialect) {
  const char* text = piece.text();
  CsvMachine machine(dialect);
  for (std::size_t from = 0; from < piece.size;) {
    FirstRow row{.from = from, .ends = {static_cast<std::uint32_t>(from) - 1}};
    const auto used = machine.run(
        text + from, piece.size - from,
        [&](std::size_t at) { row.ends.push_back(static_cast<std::uint32_t>(from + at)); },
        [](std::size_t) { return false; });
    auto& end = row.ends.back();
    if (end > from && text[end - 1] == '\r') --end;
    const bool comment = dialect.comment && text[from] == *dialect.comment;
    row.next = from + used;
    if (end > from && !comment) return row;
    from = row.next;
  }
  return std::nullopt;
}

class CsvChunk final : public Chunk {
 public:
  explicit CsvChunk(CsvText piece) : text(std::move(piece)) { input_bytes = text.taken; }
  CsvText text;
};

/// For each column of the schema, its field in the file.
std::vector<std::size_t> fields_of(const CsvFile& file, const CsvTable& table) {
  std::vector<std::size_t> fields;
  const auto& schema = *table.schema;
  const auto& names = file.columns();
  for (const auto& name : names) {
    if (!table.required || schema.index_of(name)) continue;
    throw Error(Errc::data,
                "{}: column \"{}\" was not there when the run was planned; run it again",
                file.name(), name);
  }
  for (std::size_t i = 0; i < schema.size(); ++i) {
    const auto& column = schema.field(i);
    const auto found = std::find(names.begin(), names.end(), column.name);
    if (found == names.end() && table.required && i >= *table.required) {
      fields.push_back(kNoField);
      continue;
    }
    if (found == names.end()) {
      throw Error(Errc::data, "{}: its header has no column \"{}\"; {}; it has: {}", file.name(),
                  column.name, suggest(column.name, names), fmt::join(names, ", "));
    }
    fields.push_back(static_cast<std::size_t>(found - names.begin()));
  }
  return fields;
}

class CsvReader final : public Reader {
 public:
  CsvReader(std::unique_ptr<CsvFile> file, std::shared_ptr<const CsvTable> table,
            std::uint64_t number)
      : file_(std::move(file)), table_(std::move(table)) {
    decoding_.name = file_->name();
    decoding_.number = number;
  }

  std::unique_ptr<Chunk> read(const ReadRequest& request, std::stop_token stop) override {
    const auto bytes = static_cast<std::size_t>(std::max<std::int64_t>(request.bytes, 1));
    if (!started_ && !start(bytes, stop)) return nullptr;
    auto piece = file_->next(bytes, stop);
    if (!piece) return nullptr;
    return std::make_unique<CsvChunk>(std::move(*piece));
  }

  void decode(Chunk& chunk, const ReadRequest& request, Output& out) const override {
    auto* piece = dynamic_cast<CsvChunk*>(&chunk);
    if (piece == nullptr) bug("a CSV reader was given a piece that it did not read");
    decode_csv(piece->text, decoding_, request.rows, out);
  }

 private:
  /// Reads the header and works out how to decode what follows; no piece is handed out before.
  bool start(std::size_t bytes, const std::stop_token& stop) {
    if (!file_->read_header(bytes, stop)) return false;
    started_ = true;
    const auto& schema = *table_->schema;
    decoding_.schema = table_->schema;
    decoding_.dictionaries = table_->dictionaries;
    decoding_.nulls = NullTexts(table_->format.nulls);
    decoding_.kernels = table_->kernels;
    decoding_.shape = {.dialect = table_->format.dialect,
                       .fields = table_->format.header ? file_->columns().size() : schema.size(),
                       .max_row = table_->format.max_row};
    if (!table_->format.header) {
      for (std::size_t i = 0; i < schema.size(); ++i) decoding_.fields.push_back(i);
    } else if (!file_->columns().empty()) {
      decoding_.fields = fields_of(*file_, *table_);
    }
    return true;
  }

  std::unique_ptr<CsvFile> file_;
  std::shared_ptr<const CsvTable> table_;
  CsvDecoding decoding_;
  bool started_ = false;
};

}  // namespace

CsvFile::CsvFile(const std::string& path, std::string name, CsvFormat format,
                 const CsvKernels& kernels)
    : name_(std::move(name)),
      format_(std::move(format)),
      cutter_(open_byte_stream(path, name_, format_.stream), name_, format_.dialect,
              format_.max_row, kernels) {}

bool CsvFile::read_header(std::size_t bytes, const std::stop_token& stop) {
  while (auto piece = cutter_.next(bytes, stop)) {
    if (piece->broken) {
      if (format_.header) {
        throw Error(Errc::data, "{}: the header cannot be read: {}", name_, piece->broken->reason);
      }
      pending_ = std::move(piece);
      return true;
    }
    if (take_first_row(*piece)) return true;
    taken_ += piece->taken;
  }
  return !stop.stop_requested();
}

bool CsvFile::take_first_row(const CsvText& piece) {
  const auto& dialect = format_.dialect;
  const auto row = find_first_row(piece, dialect);
  if (!row) return false;
  if (format_.header && row->ends.back() - row->from > format_.max_row) {
    throw Error(Errc::data, "{}: the header cannot be read: {}", name_,
                long_row_reason(format_.max_row));
  }
  std::vector<std::string> texts;
  std::string scratch;
  for (std::size_t i = 0; i + 1 < row->ends.size(); ++i) {
    const FieldColumn field{
        .text = piece.text(), .index = row->ends.data() + i, .rows = 1, .quote = dialect.quote};
    const auto value = read_field(field, 0, dialect, scratch);
    if (format_.header && value.problem != nullptr) {
      throw Error(Errc::data, "{}: the header cannot be read: {}: {}", name_, value.problem,
                  value.text);
    }
    texts.emplace_back(value.text);
  }
  name_columns(std::move(texts));
  auto rest = format_.header ? piece.rest(row->next) : piece;
  if (rest.size > 0) {
    pending_ = std::move(rest);
  } else {
    taken_ += rest.taken;
  }
  return true;
}

void CsvFile::name_columns(std::vector<std::string> texts) {
  std::unordered_set<std::string> seen;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto& text = texts[i];
    if (!format_.header || text.empty()) text = fmt::format("column{}", i + 1);
    if (!simdjson::validate_utf8(text.data(), text.size())) {
      throw Error(
          Errc::data,
          "{}: the name of column {} in its header is not valid UTF-8; say which encoding it has",
          name_, i + 1);
    }
    if (!seen.insert(text).second) {
      throw Error(Errc::data, "{}: its header names the column \"{}\" twice", name_, text);
    }
  }
  columns_ = std::move(texts);
}

std::optional<CsvText> CsvFile::next(std::size_t bytes, const std::stop_token& stop) {
  auto piece = pending_ ? std::exchange(pending_, std::nullopt) : cutter_.next(bytes, stop);
  if (piece) piece->taken += std::exchange(taken_, 0);
  return piece;
}

CsvTable::CsvTable(CsvFormat table_format, SchemaRef table_schema, Simd simd,
                   bool dictionaries_wanted)
    : format(std::move(table_format)),
      schema(std::move(table_schema)),
      kernels(&csv_kernels(simd)) {
  const auto budget = std::make_shared<DictionaryBudget>();
  for (const auto& field : schema->fields()) {
    const bool coded = dictionaries_wanted && field.type.id == TypeId::string;
    dictionaries.push_back(coded ? std::make_shared<Dictionary>(budget) : nullptr);
  }
}

std::unique_ptr<Reader> open_csv(const Input& input, std::uint64_t number,
                                 std::shared_ptr<const CsvTable> table) {
  auto file = std::make_unique<CsvFile>(input.path, input.name, table->format, *table->kernels);
  return std::make_unique<CsvReader>(std::move(file), std::move(table), number);
}

}  // namespace flowrun::nodes
