// Values of an expression for all rows of a batch at once, and the loops over them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/data/batch.h"
#include "engine/data/builder.h"
#include "engine/expr/value.h"

namespace flowrun::expr {

/// A PostgreSQL interval: months and days have no fixed length, so they stay apart. No part is the
/// least number of its type, so that each has a negative.
struct Interval128 {
  std::int32_t months = 0;
  std::int32_t days = 0;
  std::int64_t micros = 0;
  friend bool operator==(const Interval128&, const Interval128&) = default;
};
static_assert(sizeof(Interval128) == sizeof(Int128));

/// Values of one subexpression: one per row, or one for all rows, in a column of stored_type().
struct Vector {
  ValueType type;
  ColumnRef column;
  bool constant = false;  ///< the column has one row, which counts for all
};

/// Why a row has no value, in words for its reject.
struct Failure {
  std::uint32_t row = 0;
  std::string reason;  ///< "division by zero"
  std::string value;   ///< what it was asked of: "7 / 0"
};

/// The rows at hand. Belongs to one evaluation.
struct Rows {
  const Batch* batch = nullptr;
  std::int64_t count = 0;
  std::vector<Failure>* failures = nullptr;
};

/// Which rows count: PostgreSQL does not look at a branch that is not taken, so a division there
/// must not fail. Null: all.
using Mask = const std::vector<std::uint8_t>*;
[[nodiscard]] inline bool is_active(Mask mask, std::int64_t row) {
  return mask == nullptr || (*mask)[static_cast<std::size_t>(row)] != 0;
}

/// Reads a vector's values as T: bool, int64_t, double, Int128, int32_t (dates), Interval128 or
/// string_view.
template <typename T>
class Reader {
 public:
  explicit Reader(const Vector& vector)
      : column_(vector.column.get()), step_(vector.constant ? 0 : 1) {
    if constexpr (!std::is_same_v<T, bool> && !std::is_same_v<T, std::string_view>) {
      values_ = column_->parts().values->as<T>() + column_->parts().offset;
    }
  }
  [[nodiscard]] bool is_valid(std::int64_t row) const { return column_->is_valid(row * step_); }
  [[nodiscard]] bool has_nulls() const { return column_->has_nulls(); }
  [[nodiscard]] T operator[](std::int64_t row) const {
    if constexpr (std::is_same_v<T, bool>) {
      return column_->boolean(row * step_);
    } else if constexpr (std::is_same_v<T, std::string_view>) {
      return column_->text(row * step_);
    } else {
      return values_[row * step_];
    }
  }

 private:
  const Column* column_;
  std::int64_t step_;
  const T* values_ = nullptr;
};

/// Writes the values of a vector, row after row, at a width that is fixed.
template <typename T>
class Writer {
 public:
  Writer(ValueType type, std::int64_t rows)
      : type_(type), rows_(rows), values_(Buffer::allocate(size_of(rows))) {
    if constexpr (std::is_same_v<T, bool>) std::memset(values_->mutable_data(), 0, size_of(rows));
  }
  void set(std::int64_t row, T value) {
    if constexpr (std::is_same_v<T, bool>) {
      if (value) set_bit(values_->mutable_data(), row, true);
    } else {
      values_->template mutable_as<T>()[row] = value;
    }
  }
  void set_null(std::int64_t row) {
    if (!validity_) {
      validity_ = Buffer::allocate(bytes_for_bits(rows_));
      std::memset(validity_->mutable_data(), 0xFF, bytes_for_bits(rows_));
    }
    set_bit(validity_->mutable_data(), row, false);
    ++nulls_;
    if constexpr (!std::is_same_v<T, bool>) values_->template mutable_as<T>()[row] = T{};
  }
  [[nodiscard]] Vector finish(bool constant) {
    ColumnParts parts{.type = stored_type(type_), .length = rows_, .null_count = nulls_};
    if (nulls_ != 0) parts.validity = std::move(validity_);
    parts.values = std::move(values_);
    return {type_, std::make_shared<const Column>(std::move(parts)), constant};
  }

 private:
  static std::size_t size_of(std::int64_t rows) {
    if constexpr (std::is_same_v<T, bool>) return bytes_for_bits(rows);
    return static_cast<std::size_t>(rows) * sizeof(T);
  }
  ValueType type_;
  std::int64_t rows_;
  std::int64_t nulls_ = 0;
  std::shared_ptr<Buffer> values_;
  std::shared_ptr<Buffer> validity_;
};

/// The same for text.
template <>
class Writer<std::string> {
 public:
  Writer(ValueType type, std::int64_t rows) : type_(type), builder_(column_type(type).value()) {
    builder_.reserve(rows);
  }
  void set(std::int64_t /*row*/, const std::string& value) { builder_.append_text(value); }
  void set_null(std::int64_t /*row*/) { builder_.append_null(); }
  [[nodiscard]] Vector finish(bool constant) { return {type_, builder_.finish(), constant}; }

 private:
  ValueType type_;
  ColumnBuilder builder_;
};

/// The values of some arguments in a row, for a failure: "7, 0".
[[nodiscard]] std::string shown_values(std::span<const Vector> args, std::int64_t row);
/// One value of a vector as text; "null" where it is null.
[[nodiscard]] std::string shown_value(const Vector& vector, std::int64_t row);

/// What kernels report; null where all went well.
using Problem = const char*;

namespace detail {
template <typename Out, typename Fn, typename... Readers>
Vector map_rows(ValueType type, const Rows& rows, Mask mask, std::span<const Vector> args, Fn fn,
                const Readers&... readers) {
  bool constant = true;
  for (const auto& arg : args) constant = constant && arg.constant;
  const auto count = constant ? 1 : rows.count;
  Writer<Out> writer(type, count);
  const bool strict = (readers.has_nulls() || ...);
  for (std::int64_t row = 0; row < count; ++row) {
    const bool skip = (strict && !(readers.is_valid(row) && ...)) ||
                      (mask != nullptr && !constant && !is_active(mask, row));
    if (skip) {
      writer.set_null(row);
      continue;
    }
    Out out{};
    const Problem problem = fn(readers[row]..., out);
    if (problem == nullptr) {
      writer.set(row, out);
      continue;
    }
    writer.set_null(row);
    if (!constant) {
      rows.failures->push_back({static_cast<std::uint32_t>(row), problem, shown_values(args, row)});
      continue;
    }
    // One value for all: whoever looks at it fails.
    for (std::int64_t each = 0; each < rows.count; ++each) {
      if (is_active(mask, each)) {
        rows.failures->push_back(
            {static_cast<std::uint32_t>(each), problem, shown_values(args, 0)});
      }
    }
  }
  return writer.finish(constant);
}
}  // namespace detail

/// Calls `fn(value…, out)` for every active row without a null among its arguments; `fn` returns a
/// Problem. Rows with one, and rows that do not count, are null.
template <typename Out, typename A, typename Fn>
Vector map1(ValueType type, const Rows& rows, Mask mask, std::span<const Vector> args, Fn fn) {
  return detail::map_rows<Out>(type, rows, mask, args, fn, Reader<A>(args[0]));
}
template <typename Out, typename A, typename B, typename Fn>
Vector map2(ValueType type, const Rows& rows, Mask mask, std::span<const Vector> args, Fn fn) {
  return detail::map_rows<Out>(type, rows, mask, args, fn, Reader<A>(args[0]), Reader<B>(args[1]));
}
template <typename Out, typename A, typename B, typename C, typename Fn>
Vector map3(ValueType type, const Rows& rows, Mask mask, std::span<const Vector> args, Fn fn) {
  return detail::map_rows<Out>(type, rows, mask, args, fn, Reader<A>(args[0]), Reader<B>(args[1]),
                               Reader<C>(args[2]));
}

/// A vector of one null for all rows.
[[nodiscard]] Vector null_vector(ValueType type);
/// A vector of one value for all rows.
template <typename T>
[[nodiscard]] Vector constant_vector(ValueType type, T value) {
  Writer<T> writer(type, 1);
  writer.set(0, value);
  return writer.finish(true);
}

}  // namespace flowrun::expr
