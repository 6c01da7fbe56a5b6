#include "nodes/postgres/copy_decoder.h"

#include <fmt/format.h>

#include <bit>
#include <utility>

#include "engine/core/error.h"
#include "engine/data/builder.h"
#include "engine/data/text.h"
#include "nodes/formats/csv_record.h"
#include "nodes/formats/csv_validity.h"
#include "nodes/postgres/copy_cells.h"
#include "nodes/postgres/copy_texts.h"
#include "nodes/postgres/numeric_value.h"

namespace flowrun::postgres {
namespace {

/// What the server counts from: 2000-01-01.
constexpr std::int32_t kEpochDays = 10'957;
constexpr Micros kEpochMicros = kEpochDays * kDay;

/// Why a value is not taken, and the value for people.
struct Problem {
  std::string reason;
  std::string value;
};

/// One column on its way.
struct Decoding {
  const CopyCells& cells;
  std::size_t number;
  const CopyColumn& column;
  std::vector<BadCell>& bad;

  void add_bad(std::size_t row, Problem problem) const {
    bad.push_back({static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(number),
                   std::move(problem.reason), std::move(problem.value)});
  }
};

/// Decodes values of `width` bytes to T each; `convert` returns false where a value has to be
/// looked at by `explain`.
template <typename T, typename Convert, typename Explain>
ColumnRef decode_fixed(const Decoding& in, std::size_t width, Convert convert, Explain explain) {
  const auto rows = in.cells.rows();
  auto values = Buffer::allocate(rows * sizeof(T));
  auto* out = values->mutable_as<T>();
  nodes::Validity validity(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const auto* value = in.cells.fixed(row, in.number, width);
    if (value != nullptr && convert(value, out[row])) continue;
    out[row] = T{};
    validity.set_null(row);
    if (value != nullptr) in.add_bad(row, explain(value));
  }
  ColumnParts parts{.type = in.column.type, .length = static_cast<std::int64_t>(rows)};
  parts.values = std::move(values);
  validity.put_into(parts);
  return std::make_shared<const Column>(std::move(parts));
}

/// Where every value is good.
Problem nothing(const char* /*value*/) { return {}; }

template <typename Narrow>
ColumnRef decode_integer(const Decoding& in) {
  return decode_fixed<std::int64_t>(
      in, sizeof(Narrow),
      [](const char* value, std::int64_t& out) {
        out = load_big_endian<Narrow>(value);
        return true;
      },
      nothing);
}

template <typename Bits, typename Real>
ColumnRef decode_real(const Decoding& in) {
  return decode_fixed<double>(
      in, sizeof(Real),
      [](const char* value, double& out) {
        out = static_cast<double>(std::bit_cast<Real>(load_big_endian<Bits>(value)));
        return true;
      },
      nothing);
}

/// The least and the greatest number stand for the infinities.
template <typename T>
Problem explain_moment(T value, const std::string& type) {
  if (value == std::numeric_limits<T>::max()) return {"infinity is no " + type, "infinity"};
  if (value == std::numeric_limits<T>::min()) return {"infinity is no " + type, "-infinity"};
  return {"out of range for " + type, fmt::format("{} since 2000-01-01", value)};
}

ColumnRef decode_date(const Decoding& in) {
  return decode_fixed<std::int32_t>(
      in, sizeof(std::int32_t),
      [](const char* value, std::int32_t& out) {
        const auto days = load_big_endian<std::int32_t>(value);
        return days != INT32_MIN && !__builtin_add_overflow(days, kEpochDays, &out);
      },
      [](const char* value) {
        return explain_moment(load_big_endian<std::int32_t>(value), "date");
      });
}

ColumnRef decode_time(const Decoding& in) {
  return decode_fixed<std::int64_t>(
      in, sizeof(std::int64_t),
      [](const char* value, std::int64_t& out) {
        const auto micros = load_big_endian<std::int64_t>(value);
        return micros != INT64_MIN && !__builtin_add_overflow(micros, kEpochMicros, &out);
      },
      [type = to_string(in.column.type)](const char* value) {
        return explain_moment(load_big_endian<std::int64_t>(value), type);
      });
}

/// Decodes value by value; `append` returns what is wrong with one.
template <typename Append>
ColumnRef decode_by_builder(const Decoding& in, Append append) {
  ColumnBuilder builder(in.column.type);
  builder.reserve(static_cast<std::int64_t>(in.cells.rows()));
  for (std::size_t row = 0; row < in.cells.rows(); ++row) {
    const auto bytes = in.cells.at(row, in.number);
    std::optional<Problem> problem;
    if (bytes) problem = append(builder, *bytes);
    if (!bytes || problem) builder.append_null();
    if (problem) in.add_bad(row, std::move(*problem));
  }
  return builder.finish();
}

ColumnRef decode_boolean(const Decoding& in) {
  return decode_by_builder(in, [](ColumnBuilder& builder, std::string_view bytes) {
    if (bytes.size() != 1 || static_cast<unsigned char>(bytes.front()) > 1) {
      throw Error(Errc::data, "the server sent a boolean that is none");
    }
    builder.append_bool(bytes.front() != 0);
    return std::optional<Problem>();
  });
}

bool append_numeric(ColumnBuilder& builder, const NumericValue& value) {
  const auto type = builder.type();
  if (type.id == TypeId::float64) {
    const auto real = value.real();
    if (real) builder.append_float64(*real);
    return real.has_value();
  }
  constexpr int kInt64Digits = 19;
  const bool whole = type.id == TypeId::int64;
  const auto unscaled =
      value.unscaled(whole ? kInt64Digits : type.precision, whole ? 0 : type.scale);
  if (!unscaled) return false;
  if (!whole) {
    builder.append_decimal(*unscaled);
  } else if (*unscaled < INT64_MIN || *unscaled > INT64_MAX) {
    return false;
  } else {
    builder.append_int64(static_cast<std::int64_t>(*unscaled));
  }
  return true;
}

ColumnRef decode_numeric(const Decoding& in) {
  return decode_by_builder(in, [](ColumnBuilder& builder, std::string_view bytes) {
    const auto value = NumericValue::read(bytes);
    if (!value) throw Error(Errc::data, "the server sent a numeric that is none");
    std::optional<Problem> problem;
    if (!append_numeric(builder, *value)) {
      const auto type = to_string(builder.type());
      problem = {value->is_special() ? value->shown() + " is no " + type : "does not fit " + type,
                 nodes::record_text(value->shown())};
    }
    return problem;
  });
}

ColumnRef decode_parsed(const Decoding& in) {
  return decode_by_builder(in, [](ColumnBuilder& builder, std::string_view text) {
    std::optional<Problem> problem;
    if (!parse_append(builder, text)) {
      const bool whole = builder.type().id == TypeId::int64;
      problem = {fmt::format("not {} {}", whole ? "an" : "a", to_string(builder.type())),
                 nodes::record_text(text)};
    }
    return problem;
  });
}

ColumnRef decode_column(const Decoding& in, bool checks_text) {
  switch (in.column.wire) {
    case Wire::boolean:
      return decode_boolean(in);
    case Wire::int2:
      return decode_integer<std::int16_t>(in);
    case Wire::int4:
      return decode_integer<std::int32_t>(in);
    case Wire::int8:
      return decode_integer<std::int64_t>(in);
    case Wire::float4:
      return decode_real<std::uint32_t, float>(in);
    case Wire::float8:
      return decode_real<std::uint64_t, double>(in);
    case Wire::numeric:
      return decode_numeric(in);
    case Wire::parsed:
      return decode_parsed(in);
    case Wire::date:
      return decode_date(in);
    case Wire::time:
      return decode_time(in);
    case Wire::text:
    case Wire::jsonb:
    case Wire::uuid:
    case Wire::bytes:
      break;
  }
  return decode_texts(in.cells, in.number, in.column, checks_text, in.bad);
}

}  // namespace

std::vector<ColumnRef> CopyDecoder::decode(const CopyRows& rows, std::vector<BadCell>& bad) const {
  const CopyCells cells(rows, columns_.size());
  std::vector<ColumnRef> decoded;
  decoded.reserve(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    decoded.push_back(decode_column({cells, i, columns_[i], bad}, checks_text_));
  }
  return decoded;
}

}  // namespace flowrun::postgres
