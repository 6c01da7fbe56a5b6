// How columns of a server are read: in which binary form they come, and as what.
#pragma once

#include <optional>
#include <string>

#include "engine/data/type.h"
#include "nodes/postgres/catalogue.h"

namespace flowrun::postgres {

/// The binary form of a value (src/backend/utils/adt/*send). text: characters as they are; parsed:
/// characters that still have to be read as the column's type.
enum class Wire : std::uint8_t {
  boolean,
  int2,
  int4,
  int8,
  float4,
  float8,
  numeric,
  text,
  parsed,
  jsonb,
  uuid,
  bytes,
  date,
  time,
};

/// A column of a select list: cast to `cast`, it comes as `wire` and becomes `type`.
struct WireColumn {
  Wire wire = Wire::text;
  Type type;
  std::string cast;  ///< a type's name in SQL, fit for values of it whatever their length
};

/// What a column is where nobody says: nothing where it has no counterpart.
[[nodiscard]] std::optional<Type> natural_type(const RelationColumn& column);

/// How a column is read as `wanted`; nothing where it cannot be. Casts that may fail for a single
/// value are left to the decoder, which rejects that row alone.
[[nodiscard]] std::optional<WireColumn> wire_of(const RelationColumn& column, Type wanted);

/// The name of a column's type in SQL for comparing with a constant: without a length that would
/// cut it.
[[nodiscard]] std::string sql_type(const RelationColumn& column);

/// The name in SQL of the type whose values look alike as text.
[[nodiscard]] std::string sql_type(Type type);

/// True where the server orders and tells apart values of the column as flowrun does those of
/// `type`, given that texts are compared with `collate "C"`.
[[nodiscard]] bool compares_alike(const RelationColumn& column, Type type);

/// True for the types of text, which have a collation.
[[nodiscard]] bool is_collated(const RelationColumn& column);

}  // namespace flowrun::postgres
