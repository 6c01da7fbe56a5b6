// How values of a column go into a column of a table: the form of each cell in a binary COPY.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/data/type.h"
#include "nodes/postgres/catalogue.h"

namespace flowrun::postgres {

/// What a cell looks like on the wire.
enum class CellForm : std::uint8_t {
  boolean,
  int2,
  int4,
  int8,
  float4,
  float8,
  numeric,
  text,       ///< bytes as they are
  canonical,  ///< the canonical text of a value that is no text
  jsonb,      ///< text behind a version byte
  uuid,
  date,
  timestamp,  ///< with or without time zone
};

struct CopyForm {
  CellForm wire = CellForm::text;
  /// The type of a staging column: as forgiving as can be, so that it is the insert that refuses.
  std::string staged_type = "text";
  /// What the insert puts behind a staged column: "::inet"; "" for nothing.
  std::string cast;
  /// True where a COPY straight into the table can carry it; else it has to be staged as text.
  bool direct = true;
  int precision = 0;  ///< of numeric(precision, scale); 0 where it has none
  int scale = 0;
  std::string shown;      ///< the column's type, for messages
  bool required = false;  ///< a null is refused
};

/// Nothing where values of `from` cannot go into such a column.
[[nodiscard]] std::optional<CopyForm> form_of(Type from, const RelationColumn& to);

/// The column type that holds every value of `type`: what a created table has.
[[nodiscard]] std::string declared_type(Type type);

/// True where two values of the server's type may be told apart by `is distinct from`, and in what
/// words they are compared: "{}", "{} collate \"C\"", "{}::text".
[[nodiscard]] std::string comparable(const RelationColumn& column, const std::string& value);

/// A column's value in an order that is the same here and on every server, whatever its locale.
[[nodiscard]] std::string ordered(const RelationColumn& column, const std::string& value);

}  // namespace flowrun::postgres
