#include "nodes/postgres/copy_encoder.h"

#include <bit>
#include <cstring>

#include "engine/core/error.h"
#include "engine/data/text.h"
#include "nodes/postgres/copy_check.h"
#include "nodes/postgres/numeric_wire.h"

namespace flowrun::postgres {
namespace {

// PostgreSQL counts from 2000-01-01.
constexpr std::int32_t kEpochDays = 10'957;
constexpr Micros kEpoch = kEpochDays * kDay;
constexpr char kJsonbVersion = 1;
constexpr std::size_t kUuidBytes = 16;

char* put(char* to, std::uint16_t value) {
  value = __builtin_bswap16(value);
  std::memcpy(to, &value, sizeof value);
  return to + sizeof value;
}
char* put(char* to, std::uint32_t value) {
  value = __builtin_bswap32(value);
  std::memcpy(to, &value, sizeof value);
  return to + sizeof value;
}
char* put(char* to, std::uint64_t value) {
  value = __builtin_bswap64(value);
  std::memcpy(to, &value, sizeof value);
  return to + sizeof value;
}

constexpr std::uint32_t kNull = 0xFFFFFFFF;

/// Bytes of every value; 0 where they differ.
std::uint32_t width_of(CellForm wire) {
  switch (wire) {
    case CellForm::boolean:
      return 1;
    case CellForm::int2:
      return 2;
    case CellForm::int4:
    case CellForm::float4:
    case CellForm::date:
      return 4;
    case CellForm::int8:
    case CellForm::float8:
    case CellForm::timestamp:
      return 8;
    case CellForm::uuid:
      return kUuidBytes;
    case CellForm::numeric:
    case CellForm::text:
    case CellForm::canonical:
    case CellForm::jsonb:
      return 0;
  }
  return 0;
}

bool is_rendered(CellForm wire) { return wire == CellForm::numeric || wire == CellForm::canonical; }

/// Writes the cells of a column: size, then what `value` puts; nulls as such.
template <std::uint32_t Width, typename PutValue>
void write_fixed(const Column& column, std::int64_t from, std::size_t rows, char** places,
                 const PutValue& value) {
  const bool nulls = column.has_nulls();
  for (std::size_t k = 0; k < rows; ++k) {
    const auto row = from + static_cast<std::int64_t>(k);
    if (nulls && !column.is_valid(row)) {
      places[k] = put(places[k], kNull);
      continue;
    }
    char* to = put(places[k], Width);
    value(to, static_cast<std::size_t>(row));
    places[k] = to + Width;
  }
}

/// A decimal or an int64 without its decimals, which are zeros.
Int128 whole_at(const Column& column, std::size_t row) {
  if (column.type().id == TypeId::int64) return column.values<std::int64_t>()[row];
  auto value = column.values<Int128>()[row];
  for (int scale = column.type().scale; scale > 0; --scale) value /= 10;
  return value;
}

template <typename Unsigned>
void write_whole(const Column& column, std::int64_t from, std::size_t rows, char** places) {
  if (column.type().id == TypeId::int64) {
    const auto values = column.values<std::int64_t>();
    write_fixed<sizeof(Unsigned)>(column, from, rows, places, [&](char* to, std::size_t row) {
      put(to, static_cast<Unsigned>(values[row]));
    });
  } else {
    write_fixed<sizeof(Unsigned)>(column, from, rows, places, [&](char* to, std::size_t row) {
      put(to, static_cast<Unsigned>(whole_at(column, row)));
    });
  }
}

double float_at(const Column& column, std::size_t row) {
  return column.type().id == TypeId::float64
             ? column.values<double>()[row]
             : static_cast<double>(column.values<std::int64_t>()[row]);
}

void write_floats(const Column& column, std::int64_t from, std::size_t rows, char** places) {
  if (column.type().id != TypeId::float64) {
    write_fixed<8>(column, from, rows, places, [&](char* to, std::size_t row) {
      put(to, std::bit_cast<std::uint64_t>(float_at(column, row)));
    });
    return;
  }
  const auto* values = column.values<double>().data();
  write_fixed<8>(column, from, rows, places, [&](char* to, std::size_t row) {
    put(to, std::bit_cast<std::uint64_t>(values[row]));
  });
}

void write_moments(const Column& column, std::int64_t from, std::size_t rows, char** places) {
  const bool days = column.type().id == TypeId::date;
  write_fixed<8>(column, from, rows, places, [&](char* to, std::size_t row) {
    const auto micros =
        days ? column.values<std::int32_t>()[row] * kDay : column.values<std::int64_t>()[row];
    put(to, static_cast<std::uint64_t>(micros - kEpoch));
  });
}

void write_text(const Column& column, std::int64_t from, std::size_t rows, char** places,
                bool is_jsonb) {
  const std::size_t extra = is_jsonb ? 1 : 0;
  for (std::size_t k = 0; k < rows; ++k) {
    const auto row = from + static_cast<std::int64_t>(k);
    if (!column.is_valid(row)) {
      places[k] = put(places[k], kNull);
      continue;
    }
    const auto text = column.text(row);
    char* to = put(places[k], static_cast<std::uint32_t>(text.size() + extra));
    if (is_jsonb) *to++ = kJsonbVersion;
    std::memcpy(to, text.data(), text.size());
    places[k] = to + text.size();
  }
}

}  // namespace

const std::string& copy_header() {
  static const std::string header("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
  return header;
}

const std::string& copy_trailer() {
  static const std::string trailer("\377\377", 2);
  return trailer;
}

void CopyEncoder::encode(const Batch& batch, std::int64_t first, std::string& out) {
  const auto cells = static_cast<std::uint16_t>(forms_.size() + (numbered_ ? 1 : 0));
  for (std::int64_t from = 0; from < batch.rows(); from += kStretch) {
    const auto rows = std::min(kStretch, static_cast<std::size_t>(batch.rows() - from));
    std::fill_n(sizes_, rows, numbered_ ? 2U + 4U + 8U : 2U);
    for (std::size_t i = 0; i < forms_.size(); ++i) measure(batch, i, from, rows);
    std::size_t total = 0;
    for (std::size_t k = 0; k < rows; ++k) total += sizes_[k];
    const auto before = out.size();
    out.resize(before + total);
    char* to = out.data() + before;
    for (std::size_t k = 0; k < rows; ++k) {
      places_[k] = put(to, cells);
      if (numbered_) {
        places_[k] = put(places_[k], 8U);
        places_[k] = put(places_[k],
                         static_cast<std::uint64_t>(first + from + static_cast<std::int64_t>(k)));
      }
      to += sizes_[k];
    }
    for (std::size_t i = 0; i < forms_.size(); ++i) write(batch, i, from, rows);
  }
}

void CopyEncoder::measure(const Batch& batch, std::size_t i, std::int64_t from, std::size_t rows) {
  const auto& column = batch.column(i);
  const auto wire = forms_[i].wire;
  if (is_rendered(wire)) return render(column, i, from, rows);
  const auto width = width_of(wire);
  if (width != 0 && !column.has_nulls()) {
    for (std::size_t k = 0; k < rows; ++k) sizes_[k] += 4 + width;
    return;
  }
  const std::uint32_t extra = wire == CellForm::jsonb ? 1 : 0;
  for (std::size_t k = 0; k < rows; ++k) {
    const auto row = from + static_cast<std::int64_t>(k);
    sizes_[k] += 4;
    if (!column.is_valid(row)) continue;
    sizes_[k] += width != 0 ? width : extra + static_cast<std::uint32_t>(column.text(row).size());
  }
}

void CopyEncoder::render(const Column& column, std::size_t i, std::int64_t from, std::size_t rows) {
  auto& rendered = rendered_[i];
  rendered.bytes.clear();
  rendered.ends.clear();
  for (std::size_t k = 0; k < rows; ++k) {
    const auto row = from + static_cast<std::int64_t>(k);
    const auto at = static_cast<std::size_t>(row);
    const auto before = rendered.bytes.size();
    if (!column.is_valid(row)) {
      // Nothing: the size says that it is null.
    } else if (forms_[i].wire == CellForm::canonical) {
      append_text(rendered.bytes, column, row);
    } else if (column.type().id == TypeId::float64) {
      append_numeric(rendered.bytes, column.values<double>()[at]);
    } else if (column.type().id == TypeId::decimal) {
      append_numeric(rendered.bytes, column.values<Int128>()[at], column.type().scale);
    } else {
      append_numeric(rendered.bytes, Int128{column.values<std::int64_t>()[at]}, 0);
    }
    rendered.ends.push_back(static_cast<std::uint32_t>(rendered.bytes.size()));
    sizes_[k] += 4 + static_cast<std::uint32_t>(rendered.bytes.size() - before);
  }
}

void CopyEncoder::write(const Batch& batch, std::size_t i, std::int64_t from, std::size_t rows) {
  const auto& column = batch.column(i);
  switch (forms_[i].wire) {
    case CellForm::boolean:
      return write_fixed<1>(column, from, rows, places_, [&](char* to, std::size_t row) {
        *to = column.boolean(static_cast<std::int64_t>(row)) ? 1 : 0;
      });
    case CellForm::int2:
      return write_whole<std::uint16_t>(column, from, rows, places_);
    case CellForm::int4:
      return write_whole<std::uint32_t>(column, from, rows, places_);
    case CellForm::int8:
      return write_whole<std::uint64_t>(column, from, rows, places_);
    case CellForm::float4:
      return write_fixed<4>(column, from, rows, places_, [&](char* to, std::size_t row) {
        put(to, std::bit_cast<std::uint32_t>(static_cast<float>(float_at(column, row))));
      });
    case CellForm::float8:
      return write_floats(column, from, rows, places_);
    case CellForm::date:
      return write_fixed<4>(column, from, rows, places_, [&](char* to, std::size_t row) {
        put(to, static_cast<std::uint32_t>(column.values<std::int32_t>()[row] - kEpochDays));
      });
    case CellForm::timestamp:
      return write_moments(column, from, rows, places_);
    case CellForm::uuid:
      return write_fixed<kUuidBytes>(column, from, rows, places_, [&](char* to, std::size_t row) {
        const auto bytes = parse_uuid(column.text(static_cast<std::int64_t>(row)));
        if (!bytes) bug("a uuid was not checked");
        std::memcpy(to, bytes->data(), kUuidBytes);
      });
    case CellForm::text:
    case CellForm::jsonb:
      return write_text(column, from, rows, places_, forms_[i].wire == CellForm::jsonb);
    case CellForm::numeric:
    case CellForm::canonical:
      break;
  }
  const auto& rendered = rendered_[i];
  std::uint32_t begin = 0;
  for (std::size_t k = 0; k < rows; ++k) {
    const bool valid = column.is_valid(from + static_cast<std::int64_t>(k));
    const auto size = rendered.ends[k] - begin;
    char* to = put(places_[k], valid ? size : kNull);
    std::memcpy(to, rendered.bytes.data() + begin, size);
    places_[k] = to + size;
    begin = rendered.ends[k];
  }
}

}  // namespace flowrun::postgres
