#include "nodes/transforms/dedup_fill.h"

#include <algorithm>
#include <utility>

#include "nodes/transforms/dedup_order.h"

namespace flowrun::nodes {
namespace {

bool has_value(const KeptRow& row, std::size_t column) {
  return row.held->batch->column(column).is_valid(row.row);
}

}  // namespace

std::vector<std::size_t> nullable_columns(const Batch& batch,
                                          const std::vector<std::size_t>& filled) {
  std::vector<std::size_t> columns;
  for (const auto column : filled) {
    if (batch.column(column).has_nulls()) columns.push_back(column);
  }
  return columns;
}

bool Filling::is_complete(const KeptRow& row) {
  const auto& nullable = row.held->nullable;
  return std::all_of(nullable.begin(), nullable.end(),
                     [&](std::size_t column) { return has_value(row, column); });
}

void Filling::add(KeptRow& head, const KeptRow& row) {
  const bool is_best = wins(plan_, row, head);
  if (!is_best && is_complete(head)) return;
  if (is_best && head.next == 0 && is_complete(row)) {
    head = row;
    return;
  }
  take_chain(head);
  const auto behind = std::find_if(chain_.begin(), chain_.end(),
                                   [&](const KeptRow& other) { return wins(plan_, row, other); });
  chain_.insert(behind, row);
  held_.note(1, 0);
  put_chain(head);
}

/// Empties the list of lenders into `chain_`, the head in front.
void Filling::take_chain(KeptRow& head) {
  chain_.assign(1, head);
  for (auto next = head.next; next != 0;) {
    auto& lender = kept_.lenders[next - 1];
    chain_.push_back(lender);
    lender.held = nullptr;
    const auto behind = std::exchange(lender.next, std::exchange(kept_.free, next));
    next = behind;
  }
}

void Filling::put_chain(KeptRow& head) {
  head = chain_.front();
  missing_.clear();
  for (const auto column : head.held->nullable) {
    if (!has_value(head, column)) missing_.push_back(column);
  }
  std::size_t stay = 1;
  for (std::size_t i = 1; i < chain_.size(); ++i) {
    const auto gone =
        std::erase_if(missing_, [&](std::size_t column) { return has_value(chain_[i], column); });
    if (gone != 0) {
      chain_[stay++] = chain_[i];
    } else {
      held_.note(0, 1);
    }
  }
  head.next = 0;
  for (auto i = stay - 1; i > 0; --i) {
    auto row = chain_[i];
    row.next = head.next;
    head.next = lend(row);
  }
}

std::uint32_t Filling::lend(const KeptRow& row) {
  auto& lenders = kept_.lenders;
  if (kept_.free == 0) {
    lenders.push_back(row);
    return static_cast<std::uint32_t>(lenders.size());
  }
  const auto place = kept_.free;
  kept_.free = lenders[place - 1].next;
  lenders[place - 1] = row;
  return place;
}

}  // namespace flowrun::nodes
