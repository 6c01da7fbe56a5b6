// Which of two rows of one key stays.
#pragma once

#include "engine/data/spool.h"
#include "nodes/transforms/dedup_rows.h"
#include "nodes/transforms/dedup_state.h"

namespace flowrun::nodes {

/// True where `row` stays and `over` goes. A null in the column of the order loses to any value.
[[nodiscard]] inline bool wins(const DedupPlan& plan, const KeptRow& row, const KeptRow& over) {
  if (plan.order_by) {
    const auto& mine = row.held->batch->column(*plan.order_by);
    const auto& theirs = over.held->batch->column(*plan.order_by);
    const bool valid = mine.is_valid(row.row);
    if (valid != theirs.is_valid(over.row)) return valid;
    const auto order = valid ? compare_at(mine, row.row, theirs, over.row) : 0;
    if (order != 0) return plan.keeps_last ? order > 0 : order < 0;
  }
  if (row.ordinal == over.ordinal) {
    // One row of the input that came by two ways: which came first is chance, what it holds is not.
    const auto order = compare_rows(*row.held->batch, row.row, *over.held->batch, over.row);
    return plan.keeps_last ? order > 0 : order < 0;
  }
  return plan.keeps_last ? row.ordinal > over.ordinal : row.ordinal < over.ordinal;
}

}  // namespace flowrun::nodes
