#include "nodes/postgres/copy_texts.h"

#include <array>
#include <cstring>
#include <utility>

#include "engine/core/error.h"
#include "nodes/formats/csv_record.h"
#include "nodes/formats/csv_validity.h"
#include "nodes/formats/dictionary_coder.h"

namespace flowrun::postgres {
namespace {

constexpr std::size_t kUuidBytes = 16;
constexpr std::size_t kUuidText = 36;

/// Finds the text in the bytes of a value.
class TextOf {
 public:
  TextOf(const CopyCells& cells, std::size_t number, const CopyColumn& column, bool checks)
      : cells_(cells),
        number_(number),
        wire_(column.wire),
        checks_(checks && column.type.id == TypeId::string) {}

  /// Nothing for null, or after a problem. A uuid's text is valid until the next call.
  std::optional<std::string_view> at(std::size_t row, std::vector<BadCell>& bad) {
    auto text = cells_.at(row, number_);
    if (!text) return text;
    if (wire_ == Wire::jsonb) text = json_of(*text);
    if (wire_ == Wire::uuid) text = uuid_of(*text);
    if (!checks_) return text;
    const char* problem = nodes::text_problem(*text);
    if (problem == nullptr) return text;
    bad.push_back({static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(number_), problem,
                   nodes::record_text(*text)});
    return std::nullopt;
  }

 private:
  static std::string_view json_of(std::string_view bytes) {
    constexpr char kVersion = 1;
    if (bytes.empty() || bytes.front() != kVersion) {
      throw Error(Errc::data, "the server sent a jsonb of a version that is not known");
    }
    return bytes.substr(1);
  }

  std::string_view uuid_of(std::string_view bytes) {
    if (bytes.size() != kUuidBytes) {
      throw Error(Errc::data, "the server sent a uuid of {} bytes", bytes.size());
    }
    constexpr std::string_view kDigits = "0123456789abcdef";
    char* out = uuid_.data();
    for (std::size_t i = 0; i < kUuidBytes; ++i) {
      if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
      const auto byte = static_cast<unsigned char>(bytes[i]);
      *out++ = kDigits[byte >> 4U];
      *out++ = kDigits[byte & 15U];
    }
    return {uuid_.data(), kUuidText};
  }

  const CopyCells& cells_;
  std::size_t number_;
  Wire wire_;
  bool checks_;
  std::array<char, kUuidText + 64> uuid_{};
};

/// The column as codes; nothing where the dictionary filled up on the way.
ColumnRef decode_codes(const CopyCells& cells, TextOf& texts, const CopyColumn& column,
                       std::vector<BadCell>& bad) {
  auto& dictionary = *column.dictionary;
  const auto rows = cells.rows();
  auto values = Buffer::allocate(rows * sizeof(std::int32_t));
  auto* codes = values->mutable_as<std::int32_t>();
  nodes::Validity validity(rows);
  nodes::DictionaryCoder coder(dictionary);
  for (std::size_t row = 0; row < rows; ++row) {
    std::int32_t code = 0;
    if (const auto text = texts.at(row, bad)) {
      code = coder.code_of(
          nodes::DictionaryKey(text->data(), static_cast<std::uint32_t>(text->size())));
      if (code == nodes::Dictionary::kNone) return nullptr;
    } else {
      validity.set_null(row);
    }
    codes[row] = code;
  }
  dictionary.note_rows(rows);
  ColumnParts parts{.type = column.type, .length = static_cast<std::int64_t>(rows)};
  parts.values = std::move(values);
  parts.dictionary = dictionary.values();
  parts.dictionary_id = dictionary.id();
  validity.put_into(parts);
  // Codes of nulls are 0, which nobody should look up where there is no entry.
  if (parts.dictionary->length() == 0) return nullptr;
  return std::make_shared<const Column>(std::move(parts));
}

ColumnRef decode_plain(const CopyCells& cells, TextOf& texts, const CopyColumn& column,
                       std::size_t number, std::vector<BadCell>& bad) {
  const auto rows = cells.rows();
  std::size_t most = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto text = cells.at(row, number);
    most += column.wire == Wire::uuid ? kUuidText : text.value_or("").size();
  }
  auto offsets = Buffer::allocate((rows + 1) * sizeof(std::int32_t));
  auto data = Buffer::allocate(most);
  auto* ends = offsets->mutable_as<std::int32_t>();
  char* out = data->mutable_as<char>();
  nodes::Validity validity(rows);
  std::size_t at = 0;
  ends[0] = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    if (const auto text = texts.at(row, bad)) {
      if (!text->empty()) std::memcpy(out + at, text->data(), text->size());
      at += text->size();
    } else {
      validity.set_null(row);
    }
    ends[row + 1] = static_cast<std::int32_t>(at);
  }
  data->set_size(at);
  ColumnParts parts{.type = column.type, .length = static_cast<std::int64_t>(rows)};
  parts.values = std::move(offsets);
  parts.data = std::move(data);
  validity.put_into(parts);
  return std::make_shared<const Column>(std::move(parts));
}

}  // namespace

ColumnRef decode_texts(const CopyCells& cells, std::size_t number, const CopyColumn& column,
                       bool checks, std::vector<BadCell>& bad) {
  TextOf texts(cells, number, column, checks);
  if (column.dictionary && !column.dictionary->given_up() && column.wire != Wire::uuid) {
    const auto known = bad.size();
    if (auto codes = decode_codes(cells, texts, column, bad)) return codes;
    bad.resize(known);
  }
  return decode_plain(cells, texts, column, number, bad);
}

}  // namespace flowrun::postgres
