#include "nodes/sqlite/raw_rows.h"

#include <bit>

#include "engine/core/error.h"
#include "engine/core/json.h"
#include "engine/data/builder.h"
#include "engine/data/text.h"
#include "nodes/formats/csv_format.h"
#include "nodes/formats/csv_record.h"
#include "nodes/kernels/cast.h"

namespace flowrun::nodes {
namespace {

using sqlite::ValueKind;

constexpr std::size_t kShownBlob = 32;

/// Appends one value; false, and nothing appended, where the type cannot take it.
bool append_cell(ColumnBuilder& out, const RawRows& rows, std::int64_t row, std::size_t column) {
  const auto type = out.type();
  switch (rows.kind(row, column)) {
    case ValueKind::null:
      out.append_null();
      return true;
    case ValueKind::integer:
      if (type.is_number() || type == kBoolean)
        return append_number(out, rows.integer(row, column));
      if (type == kString) out.append_text(std::to_string(rows.integer(row, column)));
      return type == kString;
    case ValueKind::real: {
      if (type.is_number()) return append_number(out, rows.real(row, column));
      if (type != kString) return false;
      std::string text;
      int scale = 0;
      append_float(text, rows.real(row, column), scale);
      out.append_text(text);
      return true;
    }
    case ValueKind::text: {
      const auto text = rows.bytes(row, column);
      if (type == kBytes || (type == kString && text_problem(text) != nullptr)) return false;
      return parse_append(out, text);
    }
    case ValueKind::blob:
      if (type == kBytes) out.append_text(rows.bytes(row, column));
      return type == kBytes;
  }
  return false;
}

std::string reason_for(const RawRows& rows, std::int64_t row, std::size_t column, Type type) {
  const auto kind = rows.kind(row, column);
  if (type == kString && kind == ValueKind::text) return text_problem(rows.bytes(row, column));
  const bool is_number = kind == ValueKind::integer || kind == ValueKind::real;
  if (is_number && type.is_number()) return "does not fit " + to_string(type);
  const char* stored = kind == ValueKind::blob      ? " but a blob"
                       : kind == ValueKind::integer ? " but an integer"
                       : kind == ValueKind::real    ? " but a float"
                                                    : "";
  return not_a(type) + (type == kBytes && kind == ValueKind::text ? " but a text" : stored);
}

}  // namespace

void RawRows::add(const sqlite::Statement& statement, std::size_t key) {
  const auto cells = cells_.size();
  const auto text = text_.size();
  const auto before_key = columns_ - key;
  for (std::size_t i = 0; i < before_key; ++i) add_cell(statement, static_cast<int>(i));
  if (text_.size() - text > kMaxRowBytes) {
    too_long_.push_back(static_cast<std::uint32_t>(cells / columns_));
    text_.resize(text);
    for (auto at = cells; at < cells_.size(); ++at) cells_[at] = {};
  }
  for (auto i = before_key; i < columns_; ++i) add_cell(statement, static_cast<int>(i));
}

void RawRows::add_cell(const sqlite::Statement& statement, int column) {
  Cell cell{.kind = statement.kind(column)};
  switch (cell.kind) {
    case ValueKind::null:
      break;
    case ValueKind::integer:
      cell.word = static_cast<std::uint64_t>(statement.int64(column));
      break;
    case ValueKind::real:
      cell.word = std::bit_cast<std::uint64_t>(statement.float64(column));
      break;
    case ValueKind::text:
    case ValueKind::blob: {
      const auto bytes = statement.bytes(column);
      cell.word = text_.size();
      cell.length = static_cast<std::uint32_t>(bytes.size());
      text_ += bytes;
    }
  }
  cells_.push_back(cell);
}

double RawRows::real(std::int64_t row, std::size_t column) const {
  return std::bit_cast<double>(at(row, column).word);
}

ColumnRef decode_column(const RawRows& rows, std::size_t column, Type type,
                        std::vector<BadCell>& bad) {
  ColumnBuilder out(type);
  out.reserve(rows.rows());
  for (std::int64_t row = 0; row < rows.rows(); ++row) {
    if (append_cell(out, rows, row, column)) continue;
    out.append_null();
    bad.push_back({static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(column),
                   reason_for(rows, row, column, type)});
  }
  return out.finish();
}

std::string shown_cell(const RawRows& rows, std::int64_t row, std::size_t column) {
  switch (rows.kind(row, column)) {
    case ValueKind::null:
      return "null";
    case ValueKind::integer:
      return std::to_string(rows.integer(row, column));
    case ValueKind::real: {
      std::string text;
      int scale = 0;
      append_float(text, rows.real(row, column), scale);
      return text;
    }
    case ValueKind::text:
      return record_text(rows.bytes(row, column));
    case ValueKind::blob:
      break;
  }
  const auto bytes = rows.bytes(row, column);
  std::string text = "x'";
  append_hex(text, bytes.substr(0, kShownBlob));
  return text + (bytes.size() > kShownBlob ? "…'" : "'");
}

std::string record_of(const RawRows& rows, std::int64_t row, const Schema& schema) {
  JsonWriter json;
  json.begin_object();
  for (std::size_t i = 0; i < schema.size(); ++i) {
    json.key(schema.field(i).name);
    switch (rows.kind(row, i)) {
      case ValueKind::null:
        json.null();
        break;
      case ValueKind::integer:
        json.integer(rows.integer(row, i));
        break;
      case ValueKind::real:
        json.number(rows.real(row, i));
        break;
      case ValueKind::text:
      case ValueKind::blob:
        json.text(shown_cell(rows, row, i));
        break;
    }
  }
  return json.end_object().str();
}

}  // namespace flowrun::nodes
