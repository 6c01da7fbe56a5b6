// What a bound unpivot knows, and the columns that it makes.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/spec/node_type.h"

namespace flowrun::nodes {

struct UnpivotPlan {
  std::vector<std::size_t> index;    ///< places of the columns that stay
  std::vector<std::size_t> columns;  ///< places of the columns to turn
  Type value_type;
  bool drops_nulls = true;
  SchemaRef output;
  ColumnRef names;  ///< of `columns`: the dictionary of the name column
  std::uint64_t names_id = 0;
};

/// Reads the options against the input. Diagnostics, and nothing, where they make no sense; what
/// the plan should say goes to `binding`.
[[nodiscard]] std::shared_ptr<const UnpivotPlan> plan_unpivot(BindContext& context,
                                                              Binding& binding);

/// The cells that become rows, in order: row and column (a place in UnpivotPlan::columns).
struct UnpivotCells {
  std::vector<std::uint32_t> rows;
  std::vector<std::int32_t> columns;
};

[[nodiscard]] ColumnRef name_column(const UnpivotPlan& plan, const UnpivotCells& cells);

/// The values of the cells; `values` are the columns, all of one type.
[[nodiscard]] ColumnRef value_column(Type type, const std::vector<ColumnRef>& values,
                                     const UnpivotCells& cells);

}  // namespace flowrun::nodes
