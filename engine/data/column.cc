#include "engine/data/column.h"

#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>

#include "engine/core/error.h"

namespace flowrun {
namespace {

std::shared_ptr<Buffer> zeroed(std::size_t size) {
  auto buffer = Buffer::allocate(size);
  std::memset(buffer->mutable_data(), 0, size);
  return buffer;
}

template <typename T>
BufferRef take_fixed(const Column& column, std::span<const std::uint32_t> rows) {
  auto out = Buffer::allocate(rows.size() * sizeof(T));
  const auto* from = column.parts().values->as<T>() + column.parts().offset;
  auto* to = out->mutable_as<T>();
  for (std::size_t i = 0; i < rows.size(); ++i) to[i] = from[rows[i]];
  return out;
}

void take_text(const Column& column, std::span<const std::uint32_t> rows, ColumnParts& parts) {
  auto offsets = Buffer::allocate((rows.size() + 1) * sizeof(std::int32_t));
  auto* to = offsets->mutable_as<std::int32_t>();
  const auto* from = column.parts().values->as<std::int32_t>() + column.parts().offset;
  std::int32_t total = 0;
  to[0] = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    total += from[rows[i] + 1] - from[rows[i]];
    to[i + 1] = total;
  }
  auto data = Buffer::allocate(static_cast<std::size_t>(total));
  const auto* source = column.parts().data->data();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::memcpy(data->mutable_data() + to[i], source + from[rows[i]],
                static_cast<std::size_t>(to[i + 1] - to[i]));
  }
  parts.values = std::move(offsets);
  parts.data = std::move(data);
}

BufferRef take_bits(const std::uint8_t* bits, std::int64_t offset,
                    std::span<const std::uint32_t> rows, std::int64_t& ones) {
  auto out = zeroed(bytes_for_bits(static_cast<std::int64_t>(rows.size())));
  ones = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (get_bit(bits, offset + rows[i])) {
      set_bit(out->mutable_data(), static_cast<std::int64_t>(i), true);
      ++ones;
    }
  }
  return out;
}

std::uint64_t canonical_bits(double value) {
  if (std::isnan(value)) return 0x7FF8000000000000ULL;
  return std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
}

template <typename T>
int three_way(T a, T b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

int compare_floats(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return three_way(std::isnan(a) ? 1 : 0, std::isnan(b) ? 1 : 0);
  return three_way(a, b);
}

}  // namespace

std::int64_t Column::bytes() const {
  std::int64_t total = 0;
  for (const auto& buffer : {parts_.validity, parts_.values, parts_.data}) {
    if (buffer) total += static_cast<std::int64_t>(buffer->capacity());
  }
  return total;
}

std::uint64_t new_dictionary_id() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

ColumnRef slice(const ColumnRef& column, std::int64_t from, std::int64_t count) {
  if (from == 0 && count == column->length()) return column;
  auto parts = column->parts();
  if (parts.null_count != 0) {
    parts.null_count = count - count_bits(parts.validity->data(), parts.offset + from, count);
  }
  parts.offset += from;
  parts.length = count;
  return std::make_shared<const Column>(std::move(parts));
}

ColumnRef take(const Column& column, std::span<const std::uint32_t> rows) {
  const auto& from = column.parts();
  ColumnParts parts{.type = from.type,
                    .length = static_cast<std::int64_t>(rows.size()),
                    .dictionary = from.dictionary,
                    .dictionary_id = from.dictionary_id};
  if (from.null_count != 0) {
    std::int64_t valid = 0;
    parts.validity = take_bits(from.validity->data(), from.offset, rows, valid);
    parts.null_count = parts.length - valid;
  }
  if (from.dictionary) {
    parts.values = take_fixed<std::int32_t>(column, rows);
  } else if (from.type.is_text()) {
    take_text(column, rows, parts);
  } else if (from.type.id == TypeId::boolean) {
    std::int64_t ones = 0;
    parts.values = take_bits(from.values->data(), from.offset, rows, ones);
  } else if (from.type.width() == 16) {
    parts.values = take_fixed<Int128>(column, rows);
  } else if (from.type.width() == 4) {
    parts.values = take_fixed<std::int32_t>(column, rows);
  } else {
    parts.values = take_fixed<std::int64_t>(column, rows);
  }
  return std::make_shared<const Column>(std::move(parts));
}

ColumnRef decode_dictionary(const ColumnRef& column) {
  if (!column->is_dictionary()) return column;
  const auto rows = column->length();
  auto offsets = Buffer::allocate(static_cast<std::size_t>(rows + 1) * sizeof(std::int32_t));
  auto* to = offsets->mutable_as<std::int32_t>();
  std::size_t total = 0;
  for (std::int64_t i = 0; i < rows; ++i) {
    to[i] = static_cast<std::int32_t>(total);
    total += column->text(i).size();
    if (total > 0x7FFFFFFF) throw Error(Errc::limit, "a text column of a batch exceeds 2 GiB");
  }
  to[rows] = static_cast<std::int32_t>(total);
  auto data = Buffer::allocate(total);
  for (std::int64_t i = 0; i < rows; ++i) {
    const auto text = column->text(i);
    if (!text.empty()) std::memcpy(data->mutable_data() + to[i], text.data(), text.size());
  }
  ColumnParts parts{.type = column->type(),
                    .length = rows,
                    .null_count = column->null_count(),
                    .values = std::move(offsets),
                    .data = std::move(data)};
  if (column->has_nulls()) {
    auto bits = zeroed(bytes_for_bits(rows));
    for (std::int64_t i = 0; i < rows; ++i) set_bit(bits->mutable_data(), i, column->is_valid(i));
    parts.validity = std::move(bits);
  }
  return std::make_shared<const Column>(std::move(parts));
}

ColumnRef null_column(Type type, std::int64_t length) {
  const auto rows = static_cast<std::size_t>(length);
  ColumnParts parts{.type = type, .length = length, .null_count = length};
  if (length > 0) parts.validity = zeroed(bytes_for_bits(length));
  if (type.is_text()) {
    parts.values = zeroed((rows + 1) * sizeof(std::int32_t));
    parts.data = Buffer::allocate(0);
  } else {
    parts.values = zeroed(type.width() == 0 ? bytes_for_bits(length)
                                            : rows * static_cast<std::size_t>(type.width()));
  }
  return std::make_shared<const Column>(std::move(parts));
}

bool equal_at(const Column& x, std::int64_t a, const Column& y, std::int64_t b) {
  const bool valid = x.is_valid(a);
  if (valid != y.is_valid(b)) return false;
  if (!valid) return true;
  const auto i = static_cast<std::size_t>(a);
  const auto j = static_cast<std::size_t>(b);
  switch (x.type().id) {
    case TypeId::boolean:
      return x.boolean(a) == y.boolean(b);
    case TypeId::float64:
      return canonical_bits(x.values<double>()[i]) == canonical_bits(y.values<double>()[j]);
    case TypeId::decimal:
      return x.values<Int128>()[i] == y.values<Int128>()[j];
    case TypeId::date:
      return x.values<std::int32_t>()[i] == y.values<std::int32_t>()[j];
    case TypeId::string:
    case TypeId::bytes:
      return x.text(a) == y.text(b);
    case TypeId::int64:
    case TypeId::timestamp:
    case TypeId::timestamptz:
      return x.values<std::int64_t>()[i] == y.values<std::int64_t>()[j];
  }
  return false;
}

int compare_at(const Column& x, std::int64_t a, const Column& y, std::int64_t b) {
  const auto i = static_cast<std::size_t>(a);
  const auto j = static_cast<std::size_t>(b);
  switch (x.type().id) {
    case TypeId::boolean:
      return three_way(x.boolean(a) ? 1 : 0, y.boolean(b) ? 1 : 0);
    case TypeId::float64:
      return compare_floats(x.values<double>()[i], y.values<double>()[j]);
    case TypeId::decimal:
      return three_way(x.values<Int128>()[i], y.values<Int128>()[j]);
    case TypeId::date:
      return three_way(x.values<std::int32_t>()[i], y.values<std::int32_t>()[j]);
    case TypeId::string:
    case TypeId::bytes: {
      const int order = x.text(a).compare(y.text(b));
      return three_way(order, 0);
    }
    case TypeId::int64:
    case TypeId::timestamp:
    case TypeId::timestamptz:
      return three_way(x.values<std::int64_t>()[i], y.values<std::int64_t>()[j]);
  }
  return 0;
}

}  // namespace flowrun
