#include "nodes/formats/ndjson_writer.h"

#include <array>
#include <cmath>
#include <cstring>
#include <string_view>

#include "engine/core/json.h"
#include "engine/spec/reject.h"
#include "nodes/formats/cell_writer.h"
#include "nodes/formats/line_builder.h"

namespace flowrun::nodes {
namespace {

char* append(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

/// Bytes that a JSON string holds as they are; the others are looked at one by one.
constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

bool is_plain(std::string_view text) {
  bool plain = true;
  for (const char c : text) plain &= kPlain[static_cast<unsigned char>(c)];
  return plain;
}

/// How the value of a column stands in the text.
enum class Form { bare, finite_only, quoted, text };

Form form_of(Type type) {
  if (type.id == TypeId::float64) return Form::finite_only;
  if (type.is_number() || type.id == TypeId::boolean) return Form::bare;
  return type.is_text() ? Form::text : Form::quoted;
}

struct Cell {
  CellWriter writer;
  Form form;
  const Column* column;
};

/// Appends a value that may hold anything, escaped.
char* append_any(LineBuilder& out, char* at, const Cell& cell, std::int64_t row, std::size_t room) {
  if (cell.column->type().id == TypeId::string) {
    const auto text = cell.column->text(row);
    if (is_plain(text)) {
      at = out.room(at, room + text.size());
      *at++ = '"';
      at = append(at, text);
      *at++ = '"';
      return at;
    }
  }
  std::string escaped;
  append_json_value(escaped, *cell.column, row);
  return append(out.room(at, room + escaped.size()), escaped);
}

char* append_cell(LineBuilder& out, char* at, Cell& cell, std::int64_t row, std::size_t room) {
  if (!cell.writer.is_valid(row)) return append(at, "null");
  switch (cell.form) {
    case Form::finite_only:
      if (!std::isfinite(cell.column->values<double>()[static_cast<std::size_t>(row)])) break;
      return cell.writer.write(at, row);
    case Form::bare:
      return cell.writer.write(at, row);
    case Form::quoted:
      *at++ = '"';
      at = cell.writer.write(at, row);
      *at++ = '"';
      return at;
    case Form::text:
      break;
  }
  return append_any(out, at, cell, row, room);
}

}  // namespace

NdjsonWriter::NdjsonWriter(const Schema& schema) {
  for (const auto& field : schema.fields()) {
    auto& key = keys_.emplace_back(keys_.empty() ? "{" : ",");
    append_json_string(key, field.name);
    key += ':';
    key_bytes_ += key.size();
  }
}

BatchRef NdjsonWriter::lines(const Batch& batch) const {
  std::vector<Cell> cells;
  for (const auto& column : batch.columns()) {
    cells.push_back({CellWriter(*column), form_of(column->type()), column.get()});
  }
  const auto rows = static_cast<std::size_t>(batch.rows());
  const std::size_t room = key_bytes_ + cells.size() * (CellWriter::kRoom + 2) + 8;
  LineBuilder out(batch.rows(),
                  rows * (key_bytes_ + 2 * cells.size() + 2) + room + text_estimate(batch));
  char* at = out.begin();
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    at = out.room(at, room);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      at = append(at, keys_[i]);
      at = append_cell(out, at, cells[i], row, room);
    }
    if (cells.empty()) *at++ = '{';
    at = append(at, "}\n");
    out.end_line(at);
  }
  return out.finish(batch.ordinals());
}

}  // namespace flowrun::nodes
