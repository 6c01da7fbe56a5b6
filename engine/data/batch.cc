#include "engine/data/batch.h"

#include "engine/core/error.h"

namespace flowrun {

Batch::Batch(SchemaRef schema, std::vector<ColumnRef> columns, std::int64_t rows, Ordinals ordinals)
    : schema_(std::move(schema)),
      columns_(std::move(columns)),
      rows_(rows),
      ordinals_(std::move(ordinals)) {
  if (columns_.size() != schema_->size()) {
    bug("a batch has {} columns, its schema {}", columns_.size(), schema_->size());
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto& field = schema_->field(i);
    if (columns_[i]->length() != rows_) {
      bug("column \"{}\" has {} rows, its batch {}", field.name, columns_[i]->length(), rows_);
    }
    if (columns_[i]->type() != field.type) {
      bug("column \"{}\" is {}, its schema says {}", field.name, to_string(columns_[i]->type()),
          to_string(field.type));
    }
    bytes_ += columns_[i]->bytes();
  }
  if (ordinals_.values) bytes_ += static_cast<std::int64_t>(ordinals_.values->capacity());
}

BatchRef take(const Batch& batch, std::span<const std::uint32_t> rows) {
  std::vector<ColumnRef> columns;
  columns.reserve(batch.columns().size());
  for (const auto& column : batch.columns()) columns.push_back(take(*column, rows));
  auto ordinals = Buffer::allocate(rows.size() * sizeof(std::uint64_t));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ordinals->mutable_as<std::uint64_t>()[i] = batch.ordinal(rows[i]);
  }
  return std::make_shared<const Batch>(batch.schema_ref(), std::move(columns),
                                       static_cast<std::int64_t>(rows.size()),
                                       Ordinals{.values = std::move(ordinals)});
}

BatchRef slice(const Batch& batch, std::int64_t from, std::int64_t count) {
  std::vector<ColumnRef> columns;
  columns.reserve(batch.columns().size());
  for (const auto& column : batch.columns()) columns.push_back(slice(column, from, count));
  auto ordinals = batch.ordinals();
  if (ordinals.values) {
    ordinals.offset += from;
  } else {
    ordinals.first += static_cast<std::uint64_t>(from);
  }
  return std::make_shared<const Batch>(batch.schema_ref(), std::move(columns), count,
                                       std::move(ordinals));
}

BatchRef with_ordinals(const Batch& batch, Ordinals ordinals) {
  return std::make_shared<const Batch>(batch.schema_ref(), batch.columns(), batch.rows(),
                                       std::move(ordinals));
}

}  // namespace flowrun
