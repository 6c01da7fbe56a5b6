#include "nodes/postgres/copy_cells.h"

#include "engine/core/error.h"

namespace flowrun::postgres {
namespace {

[[noreturn]] void fail(std::size_t row, const char* what) {
  throw Error(Errc::data,
              "the server sent a row that cannot be read ({}, row {} of its piece); did a column "
              "change its type meanwhile",
              what, row + 1);
}

}  // namespace

CopyCells::CopyCells(const CopyRows& rows, std::size_t columns)
    : text_(rows.text()), rows_(rows.rows()), columns_(columns), places_(rows_ * columns, kNull) {
  for (std::size_t row = 0; row < rows_; ++row) {
    if (!rows.is_too_long(row)) index_row(row, rows.begin(row), rows.end(row));
  }
}

void CopyCells::index_row(std::size_t row, std::uint32_t at, std::uint32_t end) {
  if (end - at < sizeof(std::int16_t)) fail(row, "it has no number of values");
  if (load_big_endian<std::uint16_t>(text_ + at) != columns_) fail(row, "number of values");
  at += static_cast<std::uint32_t>(sizeof(std::int16_t));
  auto* place = places_.data() + row * columns_;
  for (std::size_t column = 0; column < columns_; ++column, ++place) {
    if (end - at < sizeof(std::int32_t)) fail(row, "it ends too early");
    const auto length = load_big_endian<std::int32_t>(text_ + at);
    if (length < -1) fail(row, "negative length");
    const auto value = at + static_cast<std::uint32_t>(sizeof(std::int32_t));
    if (length > 0 && static_cast<std::uint32_t>(length) > end - value) {
      fail(row, "a value longer than its row");
    }
    if (length >= 0) *place = at;
    at = value + (length > 0 ? static_cast<std::uint32_t>(length) : 0U);
  }
  if (at != end) fail(row, "bytes behind its last value");
}

void CopyCells::fail_width(const char* word, std::size_t width) {
  throw Error(
      Errc::data,
      "the server sent a value of {} bytes where one of {} belongs; did a column change its "
      "type meanwhile",
      load_big_endian<std::uint32_t>(word), width);
}

}  // namespace flowrun::postgres
