#include "nodes/formats/csv_columns.h"

#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <utility>

#include "engine/core/time.h"
#include "engine/data/builder.h"
#include "engine/data/text.h"
#include "nodes/formats/csv_strings.h"
#include "nodes/formats/csv_validity.h"
#include "nodes/formats/fast_number.h"
#include "nodes/formats/fast_time.h"

namespace flowrun::nodes {
namespace {

bool is_whole_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Why `text` is no value of `type`.
std::string reason_for(Type type, std::string_view text) {
  const auto name = to_string(type);
  if (type.id == TypeId::int64 && is_whole_number(text)) return "out of range for int64";
  if (type.id == TypeId::decimal &&
      text.find_first_not_of("+-.0123456789") == std::string_view::npos && parse_float64(text)) {
    return "does not fit " + name;
  }
  if (type.id == TypeId::timestamp && parse_timestamp(text))
    return "has a time zone other than UTC";
  return fmt::format("not {} {}", type.id == TypeId::int64 ? "an" : "a", name);
}

bool parse(std::string_view text, Type /*type*/, std::int64_t& value) {
  const auto parsed = parse_int64(text);
  value = parsed.value_or(0);
  return parsed.has_value();
}
bool parse(std::string_view text, Type /*type*/, double& value) {
  const auto parsed = parse_float64(text);
  value = parsed.value_or(0);
  return parsed.has_value();
}
bool parse(std::string_view text, Type /*type*/, std::int32_t& value) {
  const auto parsed = parse_date(text);
  value = parsed.value_or(0);
  return parsed.has_value();
}
bool parse(std::string_view text, Type type, Int128& value) {
  const auto parsed = parse_decimal(text, type);
  value = parsed.value_or(0);
  return parsed.has_value();
}
bool parse_time(std::string_view text, Type type, std::int64_t& value) {
  const auto parsed = parse_timestamp(text);
  if (!parsed || (type.id == TypeId::timestamp && parsed->offset.value_or(0) != 0)) return false;
  value = parsed->utc();
  return true;
}

/// Makes null what the fast parsers took for values: where "-999" means null.
template <typename T>
void null_values(const ColumnInput& in, T* out, Validity& validity) {
  for (std::size_t row = 0; row < in.fields.rows; ++row) {
    const auto field = bare_field(in.fields, row);
    if (in.nulls->contain({field.text, field.length})) {
      out[row] = T{};
      validity.set_null(row);
    }
  }
}

/// False where a quote or an escape mark could be part of a number or a time: what stands between
/// quotes is then not what it looks like (251.222 is 51.2 where "2" is the quote).
bool has_plain_quotes(const ColumnInput& in) {
  constexpr std::string_view kValueCharacters = "0123456789+-.: eEtTzZ";
  const auto is_mark = [&](char c) { return kValueCharacters.find(c) != std::string_view::npos; };
  return !in.fields.quote || (!is_mark(*in.fields.quote) && !is_mark(in.dialect->escape));
}

/// Leaves all rows to the general parser.
std::size_t all_odd(std::size_t rows, std::uint32_t* odd) {
  for (std::size_t row = 0; row < rows; ++row) odd[row] = static_cast<std::uint32_t>(row);
  return rows;
}

/// Decodes a column of fixed width: `fast` takes the usual values and leaves the numbers of the
/// other rows in its last argument; `general` parses those.
template <typename T, typename Fast, typename General>
ColumnRef decode_fixed(const ColumnInput& in, std::vector<BadValue>& bad, Fast fast,
                       General general) {
  const auto rows = in.fields.rows;
  auto values = Buffer::allocate(rows * sizeof(T));
  const auto odd = Buffer::allocate((rows + 1) * sizeof(std::uint32_t));
  auto* out = values->mutable_as<T>();
  const bool plain = has_plain_quotes(in);
  auto* odd_rows = odd->mutable_as<std::uint32_t>();
  const auto count = plain ? fast(in.fields, out, odd_rows) : all_odd(rows, odd_rows);
  Validity validity(rows);
  if (plain && in.nulls->look_like_values()) null_values(in, out, validity);
  std::string scratch;
  for (std::size_t i = 0; i < count; ++i) {
    const auto row = odd_rows[i];
    out[row] = T{};
    const auto field = read_field(in.fields, row, *in.dialect, scratch);
    if (field.problem != nullptr) {
      bad.push_back({row, in.column, field.problem, std::string(field.text)});
    } else if (in.nulls->contain(field.text)) {
      validity.set_null(row);
    } else if (!general(field.text, in.type, out[row])) {
      bad.push_back({row, in.column, reason_for(in.type, field.text), std::string(field.text)});
    }
  }
  ColumnParts parts{.type = in.type, .length = static_cast<std::int64_t>(rows)};
  parts.values = std::move(values);
  validity.put_into(parts);
  return std::make_shared<const Column>(std::move(parts));
}

/// Runs a parser of single values over a column.
template <typename T, typename Fast>
auto each(Fast fast) {
  return [fast](const FieldColumn& fields, T* out, std::uint32_t* odd) mutable {
    std::size_t count = 0;
    for (std::size_t row = 0; row < fields.rows; ++row) {
      const auto field = bare_field(fields, row);
      odd[count] = static_cast<std::uint32_t>(row);
      count += fast(field.text, field.length, out[row]) ? 0 : 1;
    }
    return count;
  };
}

/// bool and bytes: value by value.
ColumnRef decode_by_builder(const ColumnInput& in, std::vector<BadValue>& bad) {
  ColumnBuilder builder(in.type);
  builder.reserve(static_cast<std::int64_t>(in.fields.rows));
  std::string scratch;
  for (std::size_t row = 0; row < in.fields.rows; ++row) {
    const auto field = read_field(in.fields, row, *in.dialect, scratch);
    if (field.problem == nullptr && !in.nulls->contain(field.text) &&
        parse_append(builder, field.text)) {
      continue;
    }
    builder.append_null();
    const auto number = static_cast<std::uint32_t>(row);
    if (field.problem != nullptr) {
      bad.push_back({number, in.column, field.problem, std::string(field.text)});
    } else if (!in.nulls->contain(field.text)) {
      bad.push_back({number, in.column, reason_for(in.type, field.text), std::string(field.text)});
    }
  }
  return builder.finish();
}

}  // namespace

ColumnRef decode_column(const ColumnInput& in, std::vector<BadValue>& bad) {
  const auto general = [](std::string_view text, Type type, auto& value) {
    return parse(text, type, value);
  };
  switch (in.type.id) {
    case TypeId::int64:
      return decode_fixed<std::int64_t>(in, bad, each<std::int64_t>(fast_int64), general);
    case TypeId::float64:
      return decode_fixed<double>(in, bad, in.kernels->float64, general);
    case TypeId::decimal:
      return decode_fixed<Int128>(
          in, bad,
          each<Int128>([type = in.type](const char* text, std::size_t length, Int128& value) {
            return fast_decimal(text, length, type, value);
          }),
          general);
    case TypeId::date:
      return decode_fixed<std::int32_t>(in, bad, each<std::int32_t>(FastDate()), general);
    case TypeId::timestamp:
    case TypeId::timestamptz:
      return decode_fixed<std::int64_t>(in, bad, each<std::int64_t>(FastTimestamp()), parse_time);
    case TypeId::string:
      return decode_strings(in, bad);
    case TypeId::boolean:
    case TypeId::bytes:
      break;
  }
  return decode_by_builder(in, bad);
}

}  // namespace flowrun::nodes
