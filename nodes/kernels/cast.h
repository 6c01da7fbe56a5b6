// Columns of one type as columns of another.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/builder.h"

namespace flowrun::nodes {

/// True where values of `from` can become values of `to`, at least some of them. Text becomes
/// anything that it spells, and everything becomes its canonical text; numbers become other
/// numbers, booleans 1 and 0 and back, dates and timestamps each other.
[[nodiscard]] bool can_cast(Type from, Type to);

struct Cast {
  ColumnRef column;                   ///< of the new type; null where a value could not be cast
  std::vector<std::uint32_t> failed;  ///< those rows, ascending
};

/// Casts a column. No number changes its value: what is not exactly a value of the new type fails
/// (a float becomes the decimal that its shortest text spells, and a decimal the float that spells
/// it). A timestamp becomes the day that it lies in. Nulls stay null. The types must be ones that
/// can_cast() takes.
[[nodiscard]] Cast cast(const ColumnRef& column, Type to);

/// Appends a whole number as a value of the builder's type, which is a number or a boolean (1 and
/// 0); false, and nothing appended, where it is not exactly one.
[[nodiscard]] bool append_number(ColumnBuilder& out, std::int64_t value);
/// The same of a float; to an int64, a float64 or a decimal.
[[nodiscard]] bool append_number(ColumnBuilder& out, double value);

/// The reason of a reject: "not an int64".
[[nodiscard]] std::string not_a(Type type);

}  // namespace flowrun::nodes
