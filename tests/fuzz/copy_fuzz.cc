// copy: rows of a binary COPY as a server might send them. The first line says what the columns
// are, a letter each: int(2), int(4), int(8), (f)loat4, (F)loat8, (n)umeric as decimal(10,2), (N)
// as float64, (M) as int64, (d)ate, (t)ime, (b)oolean, (j)sonb, (u)uid, (p)arsed as float64, bytes
// (x), else text. Behind it, each row with its length in two bytes, the higher one first.
//
// Whatever is in the rows: they are an error about the data, or every column has a value, a null or
// a rejected value for each of them, the same ones with and without a dictionary, in one piece or
// row by row.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/data/text.h"
#include "nodes/postgres/copy_decoder.h"
#include "tests/fuzz/fuzzing.h"

namespace {

using namespace flowrun;
using namespace flowrun::fuzzing;
using namespace flowrun::postgres;

CopyColumn column_of(char letter) {
  switch (letter) {
    case '2':
      return {.wire = Wire::int2, .type = kInt64};
    case '4':
      return {.wire = Wire::int4, .type = kInt64};
    case '8':
      return {.wire = Wire::int8, .type = kInt64};
    case 'f':
      return {.wire = Wire::float4, .type = kFloat64};
    case 'F':
      return {.wire = Wire::float8, .type = kFloat64};
    case 'n':
      return {.wire = Wire::numeric, .type = decimal_type(10, 2)};
    case 'N':
      return {.wire = Wire::numeric, .type = kFloat64};
    case 'M':
      return {.wire = Wire::numeric, .type = kInt64};
    case 'd':
      return {.wire = Wire::date, .type = kDate};
    case 't':
      return {.wire = Wire::time, .type = kTimestamptz};
    case 'b':
      return {.wire = Wire::boolean, .type = kBoolean};
    case 'j':
      return {.wire = Wire::jsonb, .type = kString};
    case 'u':
      return {.wire = Wire::uuid, .type = kString};
    case 'p':
      return {.wire = Wire::parsed, .type = kFloat64};
    case 'x':
      return {.wire = Wire::bytes, .type = kBytes};
    default:
      return {.wire = Wire::text, .type = kString};
  }
}

std::vector<std::string_view> rows_of(std::string_view bytes) {
  std::vector<std::string_view> rows;
  while (bytes.size() >= 2) {
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(bytes[0]) << 8U |
                                                 static_cast<unsigned char>(bytes[1]));
    rows.push_back(bytes.substr(2, length));
    bytes.remove_prefix(std::min(bytes.size(), 2 + length));
  }
  return rows;
}

/// Every value as text, rejected ones with their reason; nothing where the rows are an error.
std::optional<std::vector<std::string>> read(const std::vector<CopyColumn>& columns,
                                             const std::vector<std::string_view>& rows) {
  CopyRows copied(1);
  for (const auto row : rows) copied.add(row);
  std::vector<BadCell> bad;
  std::vector<ColumnRef> decoded;
  try {
    decoded = CopyDecoder(columns, true).decode(copied, bad);
  } catch (const Error& error) {
    if (error.code() != Errc::data) throw;
    return std::nullopt;
  }
  std::vector<std::string> values;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (decoded[i]->length() != static_cast<std::int64_t>(rows.size())) {
      broken("a value for each row");
    }
    for (std::int64_t row = 0; row < decoded[i]->length(); ++row) {
      values.push_back(decoded[i]->is_valid(row) ? "=" + text_of(*decoded[i], row) : "null");
    }
  }
  for (const auto& cell : bad) {
    auto& value = values.at(cell.column * rows.size() + cell.row);
    if (value != "null") broken("a rejected value is null", value);
    value = cell.reason + ": " + cell.value;
  }
  return values;
}

/// The same, each row in a piece of its own.
std::optional<std::vector<std::string>> read_singly(const std::vector<CopyColumn>& columns,
                                                    const std::vector<std::string_view>& rows) {
  std::vector<std::string> values(columns.size() * rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto one = read(columns, {rows[row]});
    if (!one) return std::nullopt;
    for (std::size_t i = 0; i < columns.size(); ++i) values[i * rows.size() + row] = (*one)[i];
  }
  return values;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::vector<CopyColumn> columns;
  for (const char letter : take_until(input, '\n').substr(0, 8)) {
    columns.push_back(column_of(letter));
  }
  const auto rows = rows_of(input);
  const auto plain = read(columns, rows);
  if (read_singly(columns, rows) != plain) broken("pieces decide nothing");
  auto coded = columns;
  const auto budget = std::make_shared<nodes::DictionaryBudget>();
  for (auto& column : coded) {
    if (column.type.id == TypeId::string) {
      column.dictionary = std::make_shared<nodes::Dictionary>(budget);
    }
  }
  if (read(coded, rows) != plain) broken("dictionaries decide nothing");
  static_cast<void>(is_copy_end(input));
  try {
    static_cast<void>(without_copy_head(input));
  } catch (const Error& error) {
    if (error.code() != Errc::data) throw;
  }
  return 0;
}
