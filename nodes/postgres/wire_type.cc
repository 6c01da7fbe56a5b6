#include "nodes/postgres/wire_type.h"

#include <algorithm>

namespace flowrun::postgres {
namespace {

constexpr Oid kXmlOid = 142;
constexpr Oid kTimetzOid = 1266;
constexpr int kHeaderBytes = 4;  // a modifier counts the length word, too
constexpr int kMostDigits = 38;

struct NumericShape {
  int precision = 0;
  int scale = 0;  ///< negative: rounded in front of the point
};

std::optional<NumericShape> shape_of(int modifier) {
  if (modifier < kHeaderBytes) return std::nullopt;
  const auto word = modifier - kHeaderBytes;
  // The scale has 11 bits since PostgreSQL 15, the highest of them its sign.
  const int scale = ((word & 0x7FF) ^ 0x400) - 0x400;
  return NumericShape{(word >> 16) & 0xFFFF, scale};
}

std::optional<Type> decimal_of(int modifier) {
  const auto shape = shape_of(modifier);
  if (!shape) return std::nullopt;
  const int scale = std::max(shape->scale, 0);
  const int precision =
      shape->scale < 0 ? shape->precision - shape->scale : std::max(shape->precision, scale);
  if (precision > kMostDigits) return std::nullopt;
  return decimal_type(precision, scale);
}

bool is_text(const RelationColumn& column) {
  switch (column.type) {
    case kTextOid:
    case kVarcharOid:
    case kBpcharOid:
    case kNameOid:
      return true;
    default:
      return column.is_enum;
  }
}

/// The own form of a column, its type and cast; nothing where that is the server's text.
std::optional<WireColumn> own_form(const RelationColumn& column) {
  switch (column.type) {
    case kBoolOid:
      return WireColumn{Wire::boolean, kBoolean, "boolean"};
    case kInt2Oid:
      return WireColumn{Wire::int2, kInt64, "smallint"};
    case kInt4Oid:
      return WireColumn{Wire::int4, kInt64, "integer"};
    case kInt8Oid:
      return WireColumn{Wire::int8, kInt64, "bigint"};
    case kFloat4Oid:
      return WireColumn{Wire::float4, kFloat64, "real"};
    case kFloat8Oid:
      return WireColumn{Wire::float8, kFloat64, "double precision"};
    case kBpcharOid:  // as text it would lose the blanks at its end
      return WireColumn{Wire::text, kString, "bpchar"};
    case kJsonOid:
      return WireColumn{Wire::text, kString, "json"};
    case kJsonbOid:
      return WireColumn{Wire::jsonb, kString, "jsonb"};
    case kUuidOid:
      return WireColumn{Wire::uuid, kString, "uuid"};
    case kByteaOid:
      return WireColumn{Wire::bytes, kBytes, "bytea"};
    case kDateOid:
      return WireColumn{Wire::date, kDate, "date"};
    case kTimestampOid:
      return WireColumn{Wire::time, kTimestamp, "timestamp"};
    case kTimestamptzOid:
      return WireColumn{Wire::time, kTimestamptz, "timestamptz"};
    default:
      return std::nullopt;
  }
}

bool comes_as_text(const RelationColumn& column) {
  switch (column.type) {
    case kXmlOid:
    case kTimeOid:
    case kTimetzOid:
    case kIntervalOid:
      return true;
    default:
      return is_text(column) || column.element != 0;
  }
}

bool is_integer(Oid type) { return type == kInt2Oid || type == kInt4Oid || type == kInt8Oid; }
bool is_float(Oid type) { return type == kFloat4Oid || type == kFloat8Oid; }

/// Whether a column's text can be read as `wanted`.
bool can_parse(const RelationColumn& column, Type wanted) {
  if (is_text(column)) return true;
  if (is_integer(column.type) || is_float(column.type)) {
    return wanted.id == TypeId::int64 || wanted.id == TypeId::decimal;
  }
  return column.type == kDateOid && wanted.is_time();
}

}  // namespace

std::optional<Type> natural_type(const RelationColumn& column) {
  if (column.type == kNumericOid) return decimal_of(column.modifier);
  if (const auto own = own_form(column)) return own->type;
  if (comes_as_text(column)) return kString;
  return std::nullopt;
}

std::optional<WireColumn> wire_of(const RelationColumn& column, Type wanted) {
  if (auto own = own_form(column)) {
    if (own->type == wanted) return own;
    // In a session whose zone is UTC this moves nothing, and cannot fail.
    if (own->wire == Wire::time && wanted.is_time()) {
      return WireColumn{Wire::time, wanted, wanted == kTimestamp ? "timestamp" : "timestamptz"};
    }
  }
  if (wanted.id == TypeId::string) return WireColumn{Wire::text, kString, "text"};
  if (column.type == kNumericOid && wanted.is_number()) {
    return WireColumn{Wire::numeric, wanted, "numeric"};
  }
  if (is_integer(column.type) && wanted.id == TypeId::float64) {
    return WireColumn{Wire::float8, kFloat64, "double precision"};
  }
  if (can_parse(column, wanted)) return WireColumn{Wire::parsed, wanted, "text"};
  return std::nullopt;
}

std::string sql_type(const RelationColumn& column) {
  if (column.type == kNumericOid) return "numeric";
  if (is_text(column) && !column.is_enum && column.type != kBpcharOid) return "text";
  if (const auto own = own_form(column)) return own->cast;
  return column.shown;
}

std::string sql_type(Type type) {
  switch (type.id) {
    case TypeId::boolean:
      return "boolean";
    case TypeId::int64:
      return "bigint";
    case TypeId::float64:
      return "double precision";
    case TypeId::decimal:
      return "numeric";
    case TypeId::string:
      return "text";
    case TypeId::date:
      return "date";
    case TypeId::timestamp:
      return "timestamp";
    case TypeId::timestamptz:
      return "timestamptz";
    case TypeId::bytes:
      return "bytea";
  }
  return "text";
}

bool is_collated(const RelationColumn& column) {
  return column.type == kTextOid || column.type == kVarcharOid;
}

bool compares_alike(const RelationColumn& column, Type type) {
  switch (type.id) {
    case TypeId::int64:
      return is_integer(column.type);
    case TypeId::decimal:
      return column.type == kNumericOid;
    case TypeId::string:
      return is_collated(column);
    case TypeId::date:
      return column.type == kDateOid;
    case TypeId::timestamp:
    case TypeId::timestamptz:
      return column.type == kTimestampOid || column.type == kTimestamptzOid;
    case TypeId::boolean:
      return column.type == kBoolOid;
    case TypeId::float64:
    case TypeId::bytes:
      break;
  }
  return false;
}

}  // namespace flowrun::postgres
