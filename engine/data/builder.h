// Builds columns and batches row by row or value by value.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/data/batch.h"

namespace flowrun {

/// Fills one column. Used by one thread; after finish() it is empty and can fill the next one.
class ColumnBuilder {
 public:
  explicit ColumnBuilder(Type type) : type_(type) {}

  [[nodiscard]] Type type() const { return type_; }
  [[nodiscard]] std::int64_t length() const { return length_; }
  /// Bytes in use so far.
  [[nodiscard]] std::int64_t bytes() const;

  /// Makes room for `rows` more rows (and `text_bytes` more bytes of text).
  void reserve(std::int64_t rows, std::int64_t text_bytes = 0);

  void append_null();
  void append_bool(bool value);
  /// int64, timestamp, timestamptz.
  void append_int64(std::int64_t value);
  void append_float64(double value);
  /// Days since the epoch.
  void append_date(std::int32_t days);
  /// The unscaled value, at the type's scale.
  void append_decimal(Int128 unscaled);
  /// string and bytes. Throws Error(limit) past 2 GiB in one column.
  void append_text(std::string_view text);
  /// Row `row` of a column of the same type, null or not.
  void append_from(const Column& column, std::int64_t row);

  /// The column of all that was appended; the builder starts anew.
  [[nodiscard]] ColumnRef finish();

 private:
  template <typename T>
  void append_fixed(T value);
  void mark(bool valid);
  [[nodiscard]] std::int64_t capacity_rows() const;

  Type type_;
  std::int64_t length_ = 0;
  std::int64_t null_count_ = 0;
  std::int64_t text_bytes_ = 0;
  std::int64_t reserved_ = 0;
  std::shared_ptr<Buffer> validity_;  ///< made at the first null
  std::shared_ptr<Buffer> values_;
  std::shared_ptr<Buffer> data_;
};

/// Fills one batch by column builders. Used by one thread.
class BatchBuilder {
 public:
  explicit BatchBuilder(SchemaRef schema);

  [[nodiscard]] const SchemaRef& schema() const { return schema_; }
  [[nodiscard]] ColumnBuilder& column(std::size_t i) { return columns_[i]; }
  [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(ordinals_.size()); }
  [[nodiscard]] std::int64_t bytes() const;
  /// Ends a row whose columns were all appended to, giving it its ordinal.
  void end_row(std::uint64_t ordinal) { ordinals_.push_back(ordinal); }
  /// Appends row `row` of a batch of the same schema with its ordinal.
  void append_from(const Batch& batch, std::int64_t row);
  [[nodiscard]] bool full() const { return rows() >= kMaxBatchRows || bytes() >= kMaxBatchBytes; }
  [[nodiscard]] BatchRef finish();

 private:
  SchemaRef schema_;
  std::vector<ColumnBuilder> columns_;
  std::vector<std::uint64_t> ordinals_;
};

}  // namespace flowrun
