#include "nodes/kernels/key_encoder.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/data/builder.h"
#include "nodes/kernels/key_hash.h"
#include "nodes/kernels/key_runs.h"

namespace flowrun::nodes {
namespace {

std::int64_t canonical_bits(double value) {
  if (std::isnan(value)) return 0x7FF8000000000000LL;
  return std::bit_cast<std::int64_t>(value == 0 ? 0.0 : value);
}

template <typename T>
T read(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

char* key_at(KeyRuns& runs, std::size_t run) {
  return runs.bytes->mutable_as<char>() +
         (runs.offsets.empty() ? run * runs.stride : runs.offsets[run]);
}

/// Writes `value_of(row)` of every run's first row at `offset` of the run's key.
template <typename ValueOf>
void write_fields(KeyRuns& runs, std::size_t offset, ValueOf value_of) {
  for (std::size_t run = 0; run < runs.count; ++run) {
    const auto value = value_of(runs.starts[run]);
    std::memcpy(key_at(runs, run) + offset, &value, sizeof value);
  }
}

std::size_t width_of(Type type) {
  if (type.is_text()) return sizeof(std::uint32_t);
  return type.id == TypeId::boolean ? 1 : static_cast<std::size_t>(type.width());
}

}  // namespace

KeyEncoder::KeyEncoder(const Schema& input, std::vector<std::size_t> columns) {
  for (const auto column : columns) {
    const auto type = input.field(column).type;
    fields_.push_back({type, column, stride_, width_of(type)});
    texts_.push_back(type.is_text() ? std::make_unique<Texts>() : nullptr);
    stride_ += fields_.back().width;
  }
  nulls_offset_ = stride_;
  stride_ = (stride_ + (columns.size() + 7) / 8 + 7) / 8 * 8;
}

bool KeyEncoder::is_inlined(std::size_t k) const {
  return texts_[k] && texts_[k]->form.load(std::memory_order_acquire) == TextForm::inlined;
}

/// The first batch decides. Two first batches at once: the one that is heard first does.
void KeyEncoder::decide_forms(const Batch& batch) {
  for (std::size_t k = 0; k < fields_.size(); ++k) {
    if (!texts_[k]) continue;
    auto undecided = TextForm::undecided;
    const bool numbered = batch.column(fields_[k].column).is_dictionary();
    texts_[k]->form.compare_exchange_strong(undecided,
                                            numbered ? TextForm::number : TextForm::inlined);
  }
}

KeyRuns KeyEncoder::encode(const Batch& batch) {
  KeyRuns runs(static_cast<std::size_t>(batch.rows()));
  std::vector<std::size_t> columns;
  for (const auto& field : fields_) columns.push_back(field.column);
  runs.count = find_runs(batch, columns, runs.starts.data());
  decide_forms(batch);
  lay_out(batch, runs);
  for (std::size_t k = 0; k < fields_.size(); ++k)
    encode_field(k, batch.column(fields_[k].column), runs);
  if (!runs.offsets.empty()) append_inlined(batch, runs);
  hash(runs);
  return runs;
}

/// Sets stride and offsets, and clears the fixed parts.
void KeyEncoder::lay_out(const Batch& batch, KeyRuns& runs) const {
  runs.stride = stride_;
  std::size_t total = runs.count * stride_;
  for (std::size_t k = 0; k < fields_.size(); ++k) {
    if (!is_inlined(k)) continue;
    const auto& column = batch.column(fields_[k].column);
    runs.offsets.resize(runs.count + 1, 0);
    for (std::size_t run = 0; run < runs.count; ++run) {
      const auto row = static_cast<std::int64_t>(runs.starts[run]);
      if (column.is_valid(row)) runs.offsets[run] += column.text(row).size();
    }
  }
  if (!runs.offsets.empty()) {
    total = 0;
    for (std::size_t run = 0; run < runs.count; ++run) {
      total += std::exchange(runs.offsets[run], total) + stride_;
    }
    runs.offsets[runs.count] = total;
  }
  runs.bytes = Buffer::allocate(total);
  if (runs.offsets.empty()) {
    std::memset(runs.bytes->mutable_data(), 0, total);
  } else {
    for (std::size_t run = 0; run < runs.count; ++run) std::memset(key_at(runs, run), 0, stride_);
  }
}

void KeyEncoder::encode_field(std::size_t k, const Column& column, KeyRuns& runs) {
  const auto& field = fields_[k];
  if (field.type.is_text()) {
    encode_text(k, column, runs);
  } else if (field.type.id == TypeId::float64) {
    const auto values = column.values<double>();
    write_fields(runs, field.offset, [&](auto row) { return canonical_bits(values[row]); });
  } else if (field.type.id == TypeId::boolean) {
    write_fields(runs, field.offset,
                 [&](auto row) -> std::uint8_t { return column.boolean(row) ? 1 : 0; });
  } else if (field.width == 16) {
    const auto values = column.values<Int128>();
    write_fields(runs, field.offset, [&](auto row) { return values[row]; });
  } else if (field.width == 4) {
    const auto values = column.values<std::int32_t>();
    write_fields(runs, field.offset, [&](auto row) { return values[row]; });
  } else {
    const auto values = column.values<std::int64_t>();
    write_fields(runs, field.offset, [&](auto row) { return values[row]; });
  }
  if (!column.has_nulls()) return;
  for (std::size_t run = 0; run < runs.count; ++run) {
    if (column.is_valid(runs.starts[run])) continue;
    char* key = key_at(runs, run);
    std::memset(key + field.offset, 0, field.width);
    char& nulls = key[nulls_offset_ + k / 8];
    nulls = static_cast<char>(nulls | (1 << (k % 8)));
  }
}

void KeyEncoder::encode_text(std::size_t k, const Column& column, KeyRuns& runs) {
  auto& texts = *texts_[k];
  const auto offset = fields_[k].offset;
  if (is_inlined(k)) {
    write_fields(runs, offset,
                 [&](auto row) { return static_cast<std::uint32_t>(column.text(row).size()); });
  } else if (column.is_dictionary()) {
    const auto ids =
        texts.codes.of(column, [&](std::string_view text) { return texts.ids.id_of(text); });
    const auto codes = column.codes();
    write_fields(runs, offset, [&](auto row) {
      return column.is_valid(row) ? (*ids)[static_cast<std::size_t>(codes[row])] : 0;
    });
  } else {
    write_fields(runs, offset, [&](auto row) {
      return column.is_valid(row) ? texts.ids.id_of(column.text(row)) : 0;
    });
  }
}

void KeyEncoder::append_inlined(const Batch& batch, KeyRuns& runs) const {
  for (std::size_t run = 0; run < runs.count; ++run) {
    const auto row = static_cast<std::int64_t>(runs.starts[run]);
    char* at = key_at(runs, run) + stride_;
    for (std::size_t k = 0; k < fields_.size(); ++k) {
      const auto& column = batch.column(fields_[k].column);
      if (!is_inlined(k) || !column.is_valid(row)) continue;
      const auto text = column.text(row);
      if (!text.empty()) std::memcpy(at, text.data(), text.size());
      at += text.size();
    }
  }
}

void KeyEncoder::hash(KeyRuns& runs) const {
  for (std::size_t run = 0; run < runs.count; ++run) {
    const auto key = runs.key(run);
    auto value =
        hash_words(stride_ / 8, [&](std::size_t i) { return word_at(key.data() + i * 8); });
    if (key.size() > stride_) value = hash64(key.substr(stride_), value);
    runs.hashes[run] = value;
  }
}

void KeyEncoder::end_encoding() {
  for (auto& texts : texts_) {
    if (!texts || texts->form.load() != TextForm::number) continue;
    texts->dictionary = texts->ids.texts();
    texts->dictionary_id = new_dictionary_id();
  }
}

std::int64_t KeyEncoder::bytes() const {
  std::int64_t total = 0;
  for (const auto& texts : texts_) total += texts ? texts->ids.bytes() : 0;
  return total;
}

bool KeyEncoder::is_null(std::size_t k, const char* key) const {
  return ((static_cast<unsigned char>(key[nulls_offset_ + k / 8]) >> (k % 8)) & 1U) != 0;
}

std::string_view KeyEncoder::inlined_text(std::size_t k, const char* key) const {
  std::size_t at = stride_;
  for (std::size_t before = 0; before < k; ++before) {
    if (is_inlined(before)) at += read<std::uint32_t>(key + fields_[before].offset);
  }
  return {key + at, read<std::uint32_t>(key + fields_[k].offset)};
}

ColumnRef KeyEncoder::decode_numbers(std::size_t k, std::span<const char* const> keys) const {
  const auto offset = fields_[k].offset;
  ColumnBuilder codes(kDate);  // a date is an int32, as a code is
  codes.reserve(static_cast<std::int64_t>(keys.size()));
  for (const char* key : keys) {
    is_null(k, key) ? codes.append_null() : codes.append_date(read<std::int32_t>(key + offset));
  }
  auto parts = codes.finish()->parts();
  parts.type = fields_[k].type;
  parts.dictionary = texts_[k]->dictionary;
  parts.dictionary_id = texts_[k]->dictionary_id;
  return std::make_shared<const Column>(std::move(parts));
}

ColumnRef KeyEncoder::decode(std::size_t k, std::span<const char* const> keys) const {
  const auto& field = fields_[k];
  if (texts_[k] && texts_[k]->dictionary) return decode_numbers(k, keys);
  ColumnBuilder out(field.type);
  out.reserve(static_cast<std::int64_t>(keys.size()));
  for (const char* key : keys) {
    if (is_null(k, key)) {
      out.append_null();
    } else if (field.type.is_text()) {
      out.append_text(inlined_text(k, key));
    } else if (field.type.id == TypeId::boolean) {
      out.append_bool(key[field.offset] != 0);
    } else if (field.type.id == TypeId::float64) {
      out.append_float64(read<double>(key + field.offset));
    } else if (field.width == 16) {
      out.append_decimal(read<Int128>(key + field.offset));
    } else if (field.width == 4) {
      out.append_date(read<std::int32_t>(key + field.offset));
    } else {
      out.append_int64(read<std::int64_t>(key + field.offset));
    }
  }
  return out.finish();
}

}  // namespace flowrun::nodes
