// Which of two rows of one key stays.
#pragma once

#include <bit>
#include <cmath>

#include "engine/data/spool.h"
#include "nodes/transforms/dedup_rows.h"
#include "nodes/transforms/dedup_state.h"

namespace flowrun::nodes {

/// Rows as numbers, so that two of them can mostly be compared without a look at the batches that
/// they are in: the greater number wins, 0 says nothing. Equal ones stand for equal values in the
/// column of the order, or, without one, for equal ordinals.
class Ranks {
 public:
  Ranks(const DedupPlan& plan, const Batch& batch) {
    const auto turned = plan.keeps_last ? 0 : ~std::uint64_t{0};
    if (!plan.order_by) {
      fill_ordinals(batch, turned);
      return;
    }
    const auto& column = batch.column(*plan.order_by);
    switch (column.type().id) {
      case TypeId::int64:
      case TypeId::timestamp:
      case TypeId::timestamptz:
        fill(column, column.values<std::int64_t>(), turned, of_int64);
        break;
      case TypeId::date:
        fill(column, column.values<std::int32_t>(), turned, of_int64);
        break;
      case TypeId::float64:
        fill(column, column.values<double>(), turned, of_float64);
        break;
      case TypeId::boolean:
      case TypeId::decimal:
      case TypeId::string:
      case TypeId::bytes:
        break;
    }
  }
  /// By row; null where all are 0.
  [[nodiscard]] const std::uint64_t* data() const {
    return ranks_.empty() ? nullptr : ranks_.data();
  }
  [[nodiscard]] std::uint64_t at(std::size_t row) const { return ranks_.empty() ? 0 : ranks_[row]; }

 private:
  static constexpr std::uint64_t kSign = std::uint64_t{1} << 63U;

  static std::uint64_t of_int64(std::int64_t value) {
    return static_cast<std::uint64_t>(value) ^ kSign;
  }
  /// As compare_at() orders them: 0.0 is -0.0, and NaN is greater than every number.
  static std::uint64_t of_float64(double value) {
    if (std::isnan(value)) return ~std::uint64_t{0};
    const auto bits = std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
    return (bits & kSign) != 0 ? ~bits : bits ^ kSign;
  }
  void fill_ordinals(const Batch& batch, std::uint64_t turned) {
    ranks_.resize(static_cast<std::size_t>(batch.rows()));
    for (std::size_t i = 0; i < ranks_.size(); ++i) {
      ranks_[i] = (batch.ordinal(static_cast<std::int64_t>(i)) + 1) ^ turned;
    }
  }
  template <typename Values, typename Rank>
  void fill(const Column& column, const Values& values, std::uint64_t turned, Rank rank) {
    ranks_.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) ranks_[i] = rank(values[i]) ^ turned;
    if (!column.has_nulls()) return;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!column.is_valid(static_cast<std::int64_t>(i))) ranks_[i] = 0;
    }
  }

  std::vector<std::uint64_t> ranks_;
};

/// True where `row` stays and `over` goes. A null in the column of the order loses to any value.
[[nodiscard]] inline bool wins(const DedupPlan& plan, const KeptRow& row, const KeptRow& over) {
  if (row.rank != over.rank) return row.rank > over.rank;
  if (plan.order_by && row.rank == 0) {
    const auto& one = row.held->batch->column(*plan.order_by);
    const auto& other = over.held->batch->column(*plan.order_by);
    const bool valid = one.is_valid(row.row);
    if (valid != other.is_valid(over.row)) return valid;
    const auto order = valid ? compare_at(one, row.row, other, over.row) : 0;
    if (order != 0) return plan.keeps_last ? order > 0 : order < 0;
  }
  const auto mine = row.ordinal();
  const auto theirs = over.ordinal();
  if (mine == theirs) {
    // One row of the input that came by two ways: which came first is chance, what it holds is not.
    const auto order = compare_rows(*row.held->batch, row.row, *over.held->batch, over.row);
    return plan.keeps_last ? order > 0 : order < 0;
  }
  return plan.keeps_last ? mine > theirs : mine < theirs;
}

}  // namespace flowrun::nodes
