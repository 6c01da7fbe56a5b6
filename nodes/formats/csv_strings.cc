#include "nodes/formats/csv_strings.h"

#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "nodes/formats/csv_validity.h"
#include "nodes/formats/dictionary_coder.h"

namespace flowrun::nodes {
namespace {

constexpr std::size_t kCopyAtOnce = 16;

/// The fields that need a second look: quoted ones, and those that may mean null.
class OddFields {
 public:
  OddFields(const ColumnInput& in, std::vector<BadValue>& bad)
      : in_(in),
        bad_(bad),
        nulls_(*in.nulls),
        quote_(in.fields.quote ? static_cast<unsigned char>(*in.fields.quote) : kNoByte),
        plain_quotes_(in.fields.quote == in.dialect->escape),
        validity_(in.fields.rows) {}

  [[nodiscard]] bool is_odd(const char* text, std::size_t length) const {
    return nulls_.may_be(length) || static_cast<unsigned char>(*text) == quote_;
  }
  /// True with `key` set where such a field is a short text in quotes, none of them inside it: the
  /// usual case.
  [[nodiscard]] bool is_simple(const char* text, std::uint32_t length, DictionaryKey& key) const {
    if (length < 2 || length > 18 || !plain_quotes_) return false;
    if (static_cast<unsigned char>(*text) != quote_ ||
        static_cast<unsigned char>(text[length - 1]) != quote_) {
      return false;
    }
    key = DictionaryKey(text + 1, length - 2);
    const auto mark = kByteOnes * static_cast<unsigned>(quote_);
    return (zero_bytes(key.front ^ mark) | zero_bytes(key.back ^ mark)) == 0;
  }
  /// The text of such a field; nothing where it is null, or bad. Valid until the next call.
  std::optional<std::string_view> look(std::size_t row) {
    const auto field = read_field(in_.fields, row, *in_.dialect, scratch_);
    if (field.problem != nullptr) {
      bad_.push_back(
          {static_cast<std::uint32_t>(row), in_.column, field.problem, std::string(field.text)});
      return std::nullopt;
    }
    if (!field.quoted && in_.nulls->contain(field.text)) {
      validity_.set_null(row);
      return std::nullopt;
    }
    return field.text;
  }
  [[nodiscard]] Validity& validity() { return validity_; }

 private:
  static constexpr int kNoByte = -1;

  const ColumnInput& in_;
  std::vector<BadValue>& bad_;
  const NullTexts& nulls_;
  int quote_;
  bool plain_quotes_;  ///< a quote inside is doubled: without one, nothing is
  Validity validity_;
  std::string scratch_;
};

/// The column as codes; nothing where the dictionary filled up on the way.
ColumnRef decode_codes(const ColumnInput& in, std::vector<BadValue>& bad) {
  const auto rows = in.fields.rows;
  auto values = Buffer::allocate(rows * sizeof(std::int32_t));
  auto* codes = values->mutable_as<std::int32_t>();
  OddFields odd(in, bad);
  DictionaryCoder coder(*in.dictionary);
  for (std::size_t row = 0; row < rows; ++row) {
    const auto begin = in.fields.begin(row);
    const auto length = in.fields.end(row) - begin;
    const char* text = in.fields.text + begin;
    std::int32_t code = 0;
    DictionaryKey quoted;
    if (!odd.is_odd(text, length)) {
      code = coder.code_of(DictionaryKey(text, length));
    } else if (odd.is_simple(text, length, quoted)) {
      code = coder.code_of(quoted);
    } else if (const auto value = odd.look(row)) {
      code = coder.code_of_passing(*value);
    }
    if (code == Dictionary::kNone) return nullptr;
    codes[row] = code;
  }
  in.dictionary->note_rows(rows);
  ColumnParts parts{.type = in.type, .length = static_cast<std::int64_t>(rows)};
  parts.values = std::move(values);
  parts.dictionary = in.dictionary->values();
  parts.dictionary_id = in.dictionary->id();
  odd.validity().put_into(parts);
  // Codes of nulls are 0, which nobody should look up where there is no entry.
  if (parts.dictionary->length() == 0) return nullptr;
  return std::make_shared<const Column>(std::move(parts));
}

ColumnRef decode_plain(const ColumnInput& in, std::vector<BadValue>& bad) {
  const auto rows = in.fields.rows;
  std::size_t most = 0;
  for (std::size_t row = 0; row < rows; ++row) most += in.fields.end(row) - in.fields.begin(row);
  auto offsets = Buffer::allocate((rows + 1) * sizeof(std::int32_t));
  auto data = Buffer::allocate(most + kCopyAtOnce);
  auto* ends = offsets->mutable_as<std::int32_t>();
  char* out = data->mutable_as<char>();
  OddFields odd(in, bad);
  std::size_t at = 0;
  ends[0] = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto begin = in.fields.begin(row);
    std::string_view value(in.fields.text + begin, in.fields.end(row) - begin);
    if (odd.is_odd(value.data(), value.size())) {
      value = odd.look(row).value_or(std::string_view());
      if (!value.empty()) std::memcpy(out + at, value.data(), value.size());
    } else {
      // The text has slack behind it, and so has the column: short values are copied without a
      // loop.
      std::memcpy(out + at, value.data(), kCopyAtOnce);
      if (value.size() > kCopyAtOnce) {
        std::memcpy(out + at + kCopyAtOnce, value.data() + kCopyAtOnce, value.size() - kCopyAtOnce);
      }
    }
    at += value.size();
    ends[row + 1] = static_cast<std::int32_t>(at);
  }
  data->set_size(at);
  ColumnParts parts{.type = in.type, .length = static_cast<std::int64_t>(rows)};
  parts.values = std::move(offsets);
  parts.data = std::move(data);
  odd.validity().put_into(parts);
  return std::make_shared<const Column>(std::move(parts));
}

}  // namespace

ColumnRef decode_strings(const ColumnInput& in, std::vector<BadValue>& bad) {
  if (in.dictionary != nullptr && !in.dictionary->given_up()) {
    const auto known = bad.size();
    if (auto column = decode_codes(in, bad)) return column;
    bad.resize(known);
  }
  return decode_plain(in, bad);
}

}  // namespace flowrun::nodes
