#include "nodes/formats/ndjson_columns.h"

#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "engine/data/builder.h"
#include "engine/data/text.h"
#include "nodes/formats/csv_validity.h"
#include "nodes/formats/dictionary_coder.h"

namespace flowrun::nodes {
namespace {

constexpr std::size_t kCopyAtOnce = 16;

/// A null's cell is the empty one at offset 0; the text there is a line's opening brace.
bool is_null(const FieldColumn& fields, std::size_t row) { return fields.begin(row) == 0; }

std::string_view text_at(const FieldColumn& fields, std::size_t row) {
  const auto begin = fields.begin(row);
  return {fields.text + begin, fields.end(row) - begin};
}

/// The column as codes; nothing where the dictionary filled up on the way, or there is no text.
ColumnRef decode_codes(const ColumnInput& in) {
  const auto rows = in.fields.rows;
  auto values = Buffer::allocate(rows * sizeof(std::int32_t));
  auto* codes = values->mutable_as<std::int32_t>();
  Validity validity(rows);
  DictionaryCoder coder(*in.dictionary);
  for (std::size_t row = 0; row < rows; ++row) {
    codes[row] = 0;
    if (is_null(in.fields, row)) {
      validity.set_null(row);
      continue;
    }
    const auto text = text_at(in.fields, row);
    codes[row] = coder.code_of(DictionaryKey(text.data(), static_cast<std::uint32_t>(text.size())));
    if (codes[row] == Dictionary::kNone) return nullptr;
  }
  in.dictionary->note_rows(rows);
  ColumnParts parts{.type = in.type, .length = static_cast<std::int64_t>(rows)};
  parts.values = std::move(values);
  parts.dictionary = in.dictionary->values();
  parts.dictionary_id = in.dictionary->id();
  validity.put_into(parts);
  // Codes of nulls are 0, which nobody should look up where there is no entry.
  if (parts.dictionary->length() == 0) return nullptr;
  return std::make_shared<const Column>(std::move(parts));
}

ColumnRef decode_plain(const ColumnInput& in) {
  const auto rows = in.fields.rows;
  std::size_t most = 0;
  for (std::size_t row = 0; row < rows; ++row) most += text_at(in.fields, row).size();
  auto offsets = Buffer::allocate((rows + 1) * sizeof(std::int32_t));
  auto data = Buffer::allocate(most + kCopyAtOnce);
  auto* ends = offsets->mutable_as<std::int32_t>();
  char* out = data->mutable_as<char>();
  Validity validity(rows);
  std::size_t at = 0;
  ends[0] = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    if (is_null(in.fields, row)) validity.set_null(row);
    // The text has slack behind it, and so has the column: short values are copied without a loop.
    const auto value = text_at(in.fields, row);
    std::memcpy(out + at, value.data(), kCopyAtOnce);
    if (value.size() > kCopyAtOnce) {
      std::memcpy(out + at + kCopyAtOnce, value.data() + kCopyAtOnce, value.size() - kCopyAtOnce);
    }
    at += value.size();
    ends[row + 1] = static_cast<std::int32_t>(at);
  }
  data->set_size(at);
  ColumnParts parts{.type = in.type, .length = static_cast<std::int64_t>(rows)};
  parts.values = std::move(offsets);
  parts.data = std::move(data);
  validity.put_into(parts);
  return std::make_shared<const Column>(std::move(parts));
}

ColumnRef decode_strings(const ColumnInput& in) {
  if (in.dictionary != nullptr && !in.dictionary->given_up()) {
    if (auto column = decode_codes(in)) return column;
  }
  return decode_plain(in);
}

/// bool and bytes: value by value.
ColumnRef decode_by_builder(const ColumnInput& in, std::vector<BadValue>& bad) {
  ColumnBuilder builder(in.type);
  builder.reserve(static_cast<std::int64_t>(in.fields.rows));
  for (std::size_t row = 0; row < in.fields.rows; ++row) {
    const auto text = text_at(in.fields, row);
    if (is_null(in.fields, row)) {
      builder.append_null();
    } else if (!parse_append(builder, text)) {
      builder.append_null();
      bad.push_back({static_cast<std::uint32_t>(row), in.column, "not a " + to_string(in.type),
                     std::string(text)});
    }
  }
  return builder.finish();
}

}  // namespace

ColumnRef decode_json_column(ColumnInput in, std::vector<BadValue>& bad) {
  // What CSV reads in a plain field without quotes, empty ones being null, is what is here.
  static const CsvDialect kPlain{.quote = std::nullopt};
  static const NullTexts kEmptyIsNull{{""}};
  in.dialect = &kPlain;
  in.nulls = &kEmptyIsNull;
  switch (in.type.id) {
    case TypeId::string:
      return decode_strings(in);
    case TypeId::boolean:
    case TypeId::bytes:
      return decode_by_builder(in, bad);
    default:
      return decode_column(in, bad);
  }
}

}  // namespace flowrun::nodes
