// What a function knows of each group: one column of states for each value of an aggregate.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/data/builder.h"
#include "nodes/transforms/aggregate_plan.h"

namespace flowrun::nodes {

/// Rows of a batch with the numbers of the groups that they belong to.
struct GroupedRows {
  std::span<const std::uint32_t> groups;  ///< row by row
  const Column* values = nullptr;         ///< the argument's; null for count(*)
  const Ordinals* ordinals = nullptr;
};

/// A group that joins another one of the same key.
struct GroupMove {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
};

/// Why a group has no value.
struct NoValue {
  std::string reason;
  std::string value;
};

/// The states of one function, group by group. What add() and merge() make of the rows is the same
/// in whatever order they come. Used by one thread at a time.
class AggregateColumn {
 public:
  virtual ~AggregateColumn() = default;
  /// Makes room for groups below `groups`; new ones are empty.
  virtual void resize(std::size_t groups) = 0;
  virtual void add(const GroupedRows& rows) = 0;
  /// Adds groups of another column of the same function.
  virtual void merge(const AggregateColumn& other, std::span<const GroupMove> moves) = 0;
  /// Appends the value of a group; null and a reason where it leaves its type.
  [[nodiscard]] virtual std::optional<NoValue> append(std::size_t group, ColumnBuilder& out) = 0;
  /// Bytes kept.
  [[nodiscard]] virtual std::int64_t bytes() const = 0;
};
using AggregateColumnRef = std::unique_ptr<AggregateColumn>;

[[nodiscard]] AggregateColumnRef make_aggregate_column(const AggregateValue& value);

// By kind of function, each in its file.
[[nodiscard]] AggregateColumnRef make_count(const AggregateValue& value);
[[nodiscard]] AggregateColumnRef make_sum(const AggregateValue& value);     ///< and avg
[[nodiscard]] AggregateColumnRef make_pick(const AggregateValue& value);    ///< one of the values
[[nodiscard]] AggregateColumnRef make_spread(const AggregateValue& value);  ///< stddev, variance
[[nodiscard]] AggregateColumnRef make_distinct(const AggregateValue& value);
[[nodiscard]] AggregateColumnRef make_quantile(const AggregateValue& value);

/// Calls visit(row, group) for every row with a value.
template <typename Visit>
void for_each_value(const GroupedRows& rows, Visit visit) {
  const auto count = rows.groups.size();
  if (!rows.values->has_nulls()) {
    for (std::size_t row = 0; row < count; ++row) visit(row, rows.groups[row]);
    return;
  }
  for (std::size_t row = 0; row < count; ++row) {
    if (rows.values->is_valid(static_cast<std::int64_t>(row))) visit(row, rows.groups[row]);
  }
}

template <typename T>
[[nodiscard]] std::int64_t bytes_in(const std::vector<T>& values) {
  return static_cast<std::int64_t>(values.capacity() * sizeof(T));
}

}  // namespace flowrun::nodes
