#include "engine/data/builder.h"

#include <algorithm>
#include <cstring>

#include "engine/core/error.h"

namespace flowrun {
namespace {

constexpr std::int64_t kFirstRows = 256;

}  // namespace

std::int64_t ColumnBuilder::bytes() const {
  const std::int64_t width = type_.is_text() ? 4 : type_.width();
  return length_ * width + (width == 0 ? length_ / 8 : 0) + text_bytes_ +
         (validity_ ? length_ / 8 : 0);
}

void ColumnBuilder::reserve(std::int64_t rows, std::int64_t text_bytes) {
  const auto need = length_ + rows;
  if (need > reserved_) {
    const auto count = static_cast<std::size_t>(std::max({need, reserved_ * 2, kFirstRows}));
    if (type_.is_text()) {
      grow(values_, (count + 1) * sizeof(std::int32_t));
      if (length_ == 0) values_->mutable_as<std::int32_t>()[0] = 0;
    } else {
      const auto width = static_cast<std::size_t>(type_.width());
      grow(values_, width == 0 ? bytes_for_bits(static_cast<std::int64_t>(count)) : count * width);
    }
    if (validity_) grow(validity_, bytes_for_bits(static_cast<std::int64_t>(count)));
    reserved_ = static_cast<std::int64_t>(count);
  }
  if (type_.is_text() &&
      (!data_ || static_cast<std::int64_t>(data_->capacity()) < text_bytes_ + text_bytes)) {
    if (data_) data_->set_size(static_cast<std::size_t>(text_bytes_));
    grow(data_, static_cast<std::size_t>(text_bytes_ + text_bytes));
  }
}

void ColumnBuilder::mark(bool valid) {
  if (!valid && !validity_) {
    grow(validity_, bytes_for_bits(std::max(reserved_, length_ + 1)));
    std::memset(validity_->mutable_data(), 0xFF, validity_->size());
  }
  if (validity_) set_bit(validity_->mutable_data(), length_, valid);
  null_count_ += valid ? 0 : 1;
  ++length_;
}

template <typename T>
void ColumnBuilder::append_fixed(T value) {
  if (length_ == reserved_) reserve(1);
  values_->mutable_as<T>()[length_] = value;
  mark(true);
}

void ColumnBuilder::append_null() {
  if (length_ == reserved_) reserve(1);
  if (type_.is_text()) {
    values_->mutable_as<std::int32_t>()[length_ + 1] = static_cast<std::int32_t>(text_bytes_);
  } else if (type_.id == TypeId::boolean) {
    set_bit(values_->mutable_data(), length_, false);
  } else {
    const auto width = static_cast<std::size_t>(type_.width());
    std::memset(values_->mutable_data() + static_cast<std::size_t>(length_) * width, 0, width);
  }
  mark(false);
}

void ColumnBuilder::append_bool(bool value) {
  if (length_ == reserved_) reserve(1);
  set_bit(values_->mutable_data(), length_, value);
  mark(true);
}

void ColumnBuilder::append_int64(std::int64_t value) { append_fixed(value); }
void ColumnBuilder::append_float64(double value) { append_fixed(value); }
void ColumnBuilder::append_date(std::int32_t days) { append_fixed(days); }
void ColumnBuilder::append_decimal(Int128 unscaled) { append_fixed(unscaled); }

void ColumnBuilder::append_text(std::string_view text) {
  reserve(length_ == reserved_ ? 1 : 0, static_cast<std::int64_t>(text.size()));
  if (text_bytes_ + static_cast<std::int64_t>(text.size()) > 0x7FFFFFFF) {
    throw Error(Errc::limit, "a text column of a batch exceeds 2 GiB");
  }
  if (!text.empty()) std::memcpy(data_->mutable_data() + text_bytes_, text.data(), text.size());
  text_bytes_ += static_cast<std::int64_t>(text.size());
  values_->mutable_as<std::int32_t>()[length_ + 1] = static_cast<std::int32_t>(text_bytes_);
  mark(true);
}

void ColumnBuilder::append_from(const Column& column, std::int64_t row) {
  if (!column.is_valid(row)) return append_null();
  const auto i = static_cast<std::size_t>(row);
  switch (type_.id) {
    case TypeId::boolean:
      return append_bool(column.boolean(row));
    case TypeId::float64:
      return append_float64(column.values<double>()[i]);
    case TypeId::decimal:
      return append_decimal(column.values<Int128>()[i]);
    case TypeId::date:
      return append_date(column.values<std::int32_t>()[i]);
    case TypeId::string:
    case TypeId::bytes:
      return append_text(column.text(row));
    case TypeId::int64:
    case TypeId::timestamp:
    case TypeId::timestamptz:
      return append_int64(column.values<std::int64_t>()[i]);
  }
}

ColumnRef ColumnBuilder::finish() {
  if (!values_) reserve(0);
  if (!values_) reserve(1);
  const auto rows = static_cast<std::size_t>(length_);
  ColumnParts parts{.type = type_, .length = length_, .null_count = null_count_};
  if (type_.is_text()) {
    values_->set_size((rows + 1) * sizeof(std::int32_t));
    if (!data_) data_ = Buffer::allocate(0);
    data_->set_size(static_cast<std::size_t>(text_bytes_));
  } else {
    const auto width = static_cast<std::size_t>(type_.width());
    values_->set_size(width == 0 ? bytes_for_bits(length_) : rows * width);
  }
  if (validity_) validity_->set_size(bytes_for_bits(length_));
  parts.validity = std::move(validity_);
  parts.values = std::move(values_);
  parts.data = std::move(data_);
  *this = ColumnBuilder(type_);
  return std::make_shared<const Column>(std::move(parts));
}

BatchBuilder::BatchBuilder(SchemaRef schema) : schema_(std::move(schema)) {
  columns_.reserve(schema_->size());
  for (const auto& field : schema_->fields()) columns_.emplace_back(field.type);
}

std::int64_t BatchBuilder::bytes() const {
  std::int64_t total = 0;
  for (const auto& column : columns_) total += column.bytes();
  return total;
}

void BatchBuilder::append_from(const Batch& batch, std::int64_t row) {
  for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i].append_from(batch.column(i), row);
  end_row(batch.ordinal(row));
}

BatchRef BatchBuilder::finish() {
  const auto rows = static_cast<std::int64_t>(ordinals_.size());
  std::vector<ColumnRef> columns;
  columns.reserve(columns_.size());
  for (auto& column : columns_) columns.push_back(column.finish());
  auto values = Buffer::allocate(ordinals_.size() * sizeof(std::uint64_t));
  if (!ordinals_.empty()) {
    std::memcpy(values->mutable_data(), ordinals_.data(), values->size());
  }
  ordinals_.clear();
  return std::make_shared<const Batch>(schema_, std::move(columns), rows,
                                       Ordinals{.values = std::move(values)});
}

}  // namespace flowrun
