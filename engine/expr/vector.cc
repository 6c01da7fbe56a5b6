#include "engine/expr/vector.h"

#include "engine/data/text.h"
#include "engine/expr/interval.h"

namespace flowrun::expr {

std::string shown_value(const Vector& vector, std::int64_t row) {
  const auto at = vector.constant ? 0 : row;
  if (!vector.column->is_valid(at)) return "null";
  if (vector.type.family == Family::interval) {
    return format_interval(Reader<Interval128>(vector)[at]);
  }
  return text_of(*vector.column, at);
}

std::string shown_values(std::span<const Vector> args, std::int64_t row) {
  std::string out;
  for (const auto& arg : args) {
    if (!out.empty()) out += ", ";
    out += shown_value(arg, row);
  }
  return out;
}

Vector null_vector(ValueType type) { return {type, null_column(stored_type(type), 1), true}; }

}  // namespace flowrun::expr
