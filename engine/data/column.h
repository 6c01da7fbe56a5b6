// One immutable column in Arrow memory layout.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "engine/data/buffer.h"
#include "engine/data/type.h"

namespace flowrun {

class Column;
using ColumnRef = std::shared_ptr<const Column>;

/// What a column is made of; offset counts rows (bits, for bitmaps) into every buffer but `data`.
struct ColumnParts {
  Type type;
  std::int64_t length = 0;
  std::int64_t offset = 0;
  std::int64_t null_count = 0;  ///< exact
  BufferRef validity;           ///< bitmap, 1 = valid; absent where nothing is null
  BufferRef values;      ///< fixed width values, bits, int32 offsets (length + 1), or int32 codes
  BufferRef data;        ///< text: the bytes that the offsets point into
  ColumnRef dictionary;  ///< strings only: `values` are int32 codes into this plain column
  std::uint64_t dictionary_id = 0;  ///< see Column::dictionary_id
};

/// An immutable column. Any thread.
class Column {
 public:
  explicit Column(ColumnParts parts) : parts_(std::move(parts)) {}

  [[nodiscard]] Type type() const { return parts_.type; }
  [[nodiscard]] std::int64_t length() const { return parts_.length; }
  [[nodiscard]] std::int64_t null_count() const { return parts_.null_count; }
  [[nodiscard]] bool has_nulls() const { return parts_.null_count != 0; }
  [[nodiscard]] bool is_valid(std::int64_t row) const {
    return parts_.null_count == 0 || get_bit(parts_.validity->data(), parts_.offset + row);
  }

  /// The values of a fixed-width column (undefined where null): T is int64_t, double, int32_t
  /// (date) or Int128 (decimal).
  template <typename T>
  [[nodiscard]] std::span<const T> values() const {
    return {parts_.values->as<T>() + parts_.offset, static_cast<std::size_t>(parts_.length)};
  }
  [[nodiscard]] bool boolean(std::int64_t row) const {
    return get_bit(parts_.values->data(), parts_.offset + row);
  }
  /// The text of a string or bytes column, plain or dictionary-encoded; "" where null. Valid as
  /// long as this column.
  [[nodiscard]] std::string_view text(std::int64_t row) const {
    if (parts_.dictionary) {
      return is_valid(row) ? parts_.dictionary->text(codes()[static_cast<std::size_t>(row)])
                           : std::string_view();
    }
    const auto* offsets = parts_.values->as<std::int32_t>() + parts_.offset;
    return {parts_.data->as<char>() + offsets[row],
            static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
  }

  [[nodiscard]] bool is_dictionary() const { return parts_.dictionary != nullptr; }
  /// The dictionary's values: a plain string column without nulls.
  [[nodiscard]] const ColumnRef& dictionary() const { return parts_.dictionary; }
  /// Two dictionaries with the same id (not 0) are the same list at two ages: codes are only ever
  /// added, so they agree on every code that both hold, and what was worked out per code can be
  /// kept.
  [[nodiscard]] std::uint64_t dictionary_id() const { return parts_.dictionary_id; }
  [[nodiscard]] std::span<const std::int32_t> codes() const {
    return {parts_.values->as<std::int32_t>() + parts_.offset,
            static_cast<std::size_t>(parts_.length)};
  }

  [[nodiscard]] const ColumnParts& parts() const { return parts_; }
  /// Bytes of memory that its buffers hold (shared ones and the dictionary counted, too).
  [[nodiscard]] std::int64_t bytes() const;

 private:
  ColumnParts parts_;
};

/// An id that no other dictionary of this process has. Any thread.
[[nodiscard]] std::uint64_t new_dictionary_id();

/// Rows [from, from + count) without copying.
[[nodiscard]] ColumnRef slice(const ColumnRef& column, std::int64_t from, std::int64_t count);

/// The rows named by `rows`, in that order, copied (a dictionary is shared, not copied).
[[nodiscard]] ColumnRef take(const Column& column, std::span<const std::uint32_t> rows);

/// The same column as plain strings; itself where it is no dictionary.
[[nodiscard]] ColumnRef decode_dictionary(const ColumnRef& column);

/// A column of `length` nulls.
[[nodiscard]] ColumnRef null_column(Type type, std::int64_t length);

/// True where row a of x and row b of y hold the same value (null equals null; floats by their bits
/// except that 0.0 equals -0.0 and every NaN is one value). The types must be the same.
[[nodiscard]] bool equal_at(const Column& x, std::int64_t a, const Column& y, std::int64_t b);

/// Orders two non-null values of one type: negative, 0, positive. NaN is larger than every number,
/// text by bytes.
[[nodiscard]] int compare_at(const Column& x, std::int64_t a, const Column& y, std::int64_t b);

}  // namespace flowrun
