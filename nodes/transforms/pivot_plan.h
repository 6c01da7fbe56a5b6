// What a bound pivot knows: which names become which columns, and what happens to a second value of
// a cell.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/spec/node_type.h"
#include "nodes/kernels/code_map.h"
#include "nodes/kernels/text_ids.h"

namespace flowrun::nodes {

enum class OnDuplicate { last, first, min, max, sum, mean, error };

/// Most columns that a pivot makes: a cell's column takes 16 bits.
inline constexpr std::size_t kMostPivotColumns = 65'535;

struct PivotColumn {
  Type cell;                 ///< of the values that are kept
  Type out;                  ///< of the column that leaves: the sum or mean of those
  std::uint16_t source = 0;  ///< index into PivotPlan::sources
};

/// Constant once bound, but for the cache of dictionary codes; shared by the states of all units.
struct PivotPlan {
  SchemaRef input;
  SchemaRef output;
  std::vector<std::size_t> index;  ///< places in the input
  std::size_t name = 0;
  std::size_t value = 0;
  std::vector<PivotColumn> columns;  ///< behind the index columns in the output
  std::vector<Type> sources;         ///< the types that the value column is cast to
  TextNumbers column_by_name;
  OnDuplicate on_duplicate = OnDuplicate::last;
  std::string unknown_reason;  ///< of rejects whose name has no column
  CodeMap column_by_code;

  /// Sums and means need every value of a cell, in order; the others can forget what lost.
  [[nodiscard]] bool keeps_losers() const {
    return on_duplicate == OnDuplicate::sum || on_duplicate == OnDuplicate::mean ||
           on_duplicate == OnDuplicate::error;
  }
};

/// True where a cell of this type is eight bytes or less; else it is kept as a pointer to its
/// bytes.
[[nodiscard]] inline bool is_word(Type type) {
  return !type.is_text() && type.id != TypeId::decimal;
}

/// The names that become columns, as the option `columns` says: listed, routed or discovered.
/// Diagnostics, and nothing, where that fails. Sets content hash and notes of `binding`, and
/// `plan.unknown_reason`.
[[nodiscard]] std::optional<std::vector<std::string>> pivot_names(BindContext& context,
                                                                  Binding& binding,
                                                                  PivotPlan& plan);

}  // namespace flowrun::nodes
