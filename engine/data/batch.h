// The unit that moves along an edge: an immutable columnar slice of rows.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/data/column.h"
#include "engine/data/schema.h"

namespace flowrun {

/// Most rows and roughly most bytes of a batch: it stays in a core's cache.
inline constexpr std::int64_t kMaxBatchRows = 16'384;
inline constexpr std::int64_t kMaxBatchBytes = 512 * 1024;

/// Where rows stand in their input, whatever the threads and batch sizes: (input, row) packed so
/// that plain integers compare in order. Rows made by an operator carry the ordinal of the (first)
/// row they come from. Either consecutive from `first`, or one explicit value per row.
struct Ordinals {
  std::uint64_t first = 0;
  BufferRef values;         ///< uint64 per row; absent where consecutive
  std::int64_t offset = 0;  ///< rows into `values`

  [[nodiscard]] std::uint64_t at(std::int64_t row) const {
    return values ? values->as<std::uint64_t>()[offset + row]
                  : first + static_cast<std::uint64_t>(row);
  }
  static constexpr int kRowBits = 40;
  /// Input numbers are below 2^24, rows of one input below 2^40.
  [[nodiscard]] static constexpr std::uint64_t pack(std::uint64_t input, std::uint64_t row) {
    return (input << kRowBits) | row;
  }
  [[nodiscard]] static constexpr std::uint64_t input_of(std::uint64_t ordinal) {
    return ordinal >> kRowBits;
  }
};

/// An immutable batch. Any thread. Column count and types are those of the schema, lengths are
/// rows().
class Batch {
 public:
  Batch(SchemaRef schema, std::vector<ColumnRef> columns, std::int64_t rows,
        Ordinals ordinals = {});

  [[nodiscard]] const Schema& schema() const { return *schema_; }
  [[nodiscard]] const SchemaRef& schema_ref() const { return schema_; }
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  [[nodiscard]] const Column& column(std::size_t i) const { return *columns_[i]; }
  [[nodiscard]] const ColumnRef& column_ref(std::size_t i) const { return columns_[i]; }
  [[nodiscard]] const std::vector<ColumnRef>& columns() const { return columns_; }
  [[nodiscard]] const Ordinals& ordinals() const { return ordinals_; }
  [[nodiscard]] std::uint64_t ordinal(std::int64_t row) const { return ordinals_.at(row); }
  /// Bytes of memory that its columns hold (dictionaries not counted: they are shared).
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

 private:
  SchemaRef schema_;
  std::vector<ColumnRef> columns_;
  std::int64_t rows_;
  Ordinals ordinals_;
  std::int64_t bytes_ = 0;
};

using BatchRef = std::shared_ptr<const Batch>;

/// The rows named by `rows` (ascending or not), ordinals carried along.
[[nodiscard]] BatchRef take(const Batch& batch, std::span<const std::uint32_t> rows);
/// Rows [from, from + count) without copying.
[[nodiscard]] BatchRef slice(const Batch& batch, std::int64_t from, std::int64_t count);
/// The same rows under new ordinals.
[[nodiscard]] BatchRef with_ordinals(const Batch& batch, Ordinals ordinals);

}  // namespace flowrun
