#include "nodes/postgres/copy_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace flowrun::postgres {
namespace {

/// Types with a form of their own.
bool is_known(const RelationColumn& column) {
  static constexpr std::array kKnown{
      kBoolOid,      kByteaOid,       kNameOid,    kInt8Oid,    kInt2Oid,   kInt4Oid,
      kTextOid,      kJsonOid,        kFloat4Oid,  kFloat8Oid,  kBpcharOid, kDateOid,
      kTimestampOid, kTimestamptzOid, kVarcharOid, kNumericOid, kUuidOid,   kJsonbOid};
  return column.is_enum || std::find(kKnown.begin(), kKnown.end(), column.type) != kKnown.end();
}

bool is_text(Oid type) {
  return type == kTextOid || type == kVarcharOid || type == kBpcharOid || type == kNameOid;
}

CopyForm plain(CellForm wire, const char* staged_type) {
  CopyForm form;
  form.wire = wire;
  form.staged_type = staged_type;
  return form;
}

/// A type's name without its length or precision: a cast to varchar(8) would cut values off, while
/// an assignment refuses them. "character" and "bit" alone would mean a length of one.
std::string without_modifiers(const std::string& shown) {
  std::string name;
  bool quoted = false;
  bool inside = false;
  for (const char letter : shown) {
    if (letter == '"') quoted = !quoted;
    if (!quoted && letter == '(') inside = true;
    if (!inside) name += letter;
    if (!quoted && letter == ')') inside = false;
  }
  if (name.starts_with("character") && !name.starts_with("character varying")) {
    return "bpchar" + name.substr(std::string_view("character").size());
  }
  if (name.starts_with("bit") && !name.starts_with("bit varying")) {
    return "varbit" + name.substr(std::string_view("bit").size());
  }
  return name;
}

CopyForm staged_as_text(const RelationColumn& to, CellForm wire) {
  auto form = plain(wire, "text");
  form.cast = "::" + without_modifiers(to.shown);
  return form;
}

/// Numbers into numbers.
std::optional<CopyForm> number_form(Type from, const RelationColumn& to) {
  const bool whole = from.id == TypeId::int64 || from.id == TypeId::decimal;
  switch (to.type) {
    case kInt2Oid:
      return whole ? std::optional(plain(CellForm::int2, "smallint")) : std::nullopt;
    case kInt4Oid:
      return whole ? std::optional(plain(CellForm::int4, "integer")) : std::nullopt;
    case kInt8Oid:
      return whole ? std::optional(plain(CellForm::int8, "bigint")) : std::nullopt;
    case kFloat4Oid:
      return from.id == TypeId::decimal ? std::nullopt
                                        : std::optional(plain(CellForm::float4, "real"));
    case kFloat8Oid:
      return from.id == TypeId::decimal
                 ? std::nullopt
                 : std::optional(plain(CellForm::float8, "double precision"));
    case kNumericOid:
      break;
    default:
      return std::nullopt;
  }
  auto form = plain(CellForm::numeric, "numeric");
  if (to.modifier >= 4) {
    // The modifier is precision << 16 | scale, plus 4; scales may be negative from PostgreSQL 15
    // on.
    form.precision = (to.modifier - 4) >> 16 & 0xFFFF;
    form.scale = (((to.modifier - 4) & 0x7FF) ^ 1024) - 1024;
  }
  return form;
}

std::optional<CopyForm> text_form(const RelationColumn& to) {
  if (is_text(to.type)) return plain(CellForm::text, "text");
  if (to.type == kUuidOid) return plain(CellForm::uuid, "uuid");
  if (to.type == kJsonbOid) return staged_as_text(to, CellForm::jsonb);
  if (to.type == kJsonOid || to.is_enum) return staged_as_text(to, CellForm::text);
  if (is_known(to)) return std::nullopt;
  auto form = staged_as_text(to, CellForm::text);
  form.direct = false;
  return form;
}

std::optional<CopyForm> moment_form(Type from, const RelationColumn& to) {
  if (from.id == TypeId::date && to.type == kDateOid) return plain(CellForm::date, "date");
  const bool naive = from.id == TypeId::date || from.id == TypeId::timestamp;
  if (naive && to.type == kTimestampOid) return plain(CellForm::timestamp, "timestamp");
  if (from.id == TypeId::timestamptz && to.type == kTimestamptzOid) {
    return plain(CellForm::timestamp, "timestamptz");
  }
  return std::nullopt;
}

std::optional<CopyForm> any_form(Type from, const RelationColumn& to) {
  if (from.id == TypeId::string) return text_form(to);
  if (from.id != TypeId::bytes && is_text(to.type)) return plain(CellForm::canonical, "text");
  switch (from.id) {
    case TypeId::boolean:
      return to.type == kBoolOid ? std::optional(plain(CellForm::boolean, "boolean"))
                                 : std::nullopt;
    case TypeId::bytes:
      return to.type == kByteaOid ? std::optional(plain(CellForm::text, "bytea")) : std::nullopt;
    case TypeId::int64:
    case TypeId::float64:
    case TypeId::decimal:
      return number_form(from, to);
    default:
      return moment_form(from, to);
  }
}

}  // namespace

std::optional<CopyForm> form_of(Type from, const RelationColumn& to) {
  auto form = any_form(from, to);
  if (!form) return std::nullopt;
  form->shown = to.shown;
  form->required = to.not_null;
  return form;
}

std::string declared_type(Type type) {
  switch (type.id) {
    case TypeId::boolean:
      return "boolean";
    case TypeId::int64:
      return "bigint";
    case TypeId::float64:
      return "double precision";
    case TypeId::decimal:
      return fmt::format("numeric({},{})", type.precision, type.scale);
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

std::string comparable(const RelationColumn& column, const std::string& value) {
  if (!is_known(column) || column.type == kJsonOid) return value + "::text";
  // Equal is what has the same bytes, whatever the column's collation thinks of accents and case.
  const bool collated =
      column.type == kTextOid || column.type == kVarcharOid || column.type == kBpcharOid;
  return collated ? value + " collate \"C\"" : value;
}

std::string ordered(const RelationColumn& column, const std::string& value) {
  if (column.is_enum || !is_known(column)) return value + "::text collate \"C\"";
  return is_text(column.type) ? value + " collate \"C\"" : value;
}

}  // namespace flowrun::postgres
