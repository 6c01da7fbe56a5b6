#include "nodes/transforms/dedup_state.h"

#include <shared_mutex>

#include "engine/core/parallel.h"
#include "nodes/kernels/key_encoder.h"
#include "nodes/transforms/dedup_logs.h"
#include "nodes/transforms/dedup_order.h"

namespace flowrun::nodes {
namespace {

/// A place is a batch's number and a row in it.
constexpr unsigned kRowBits = 16;
constexpr std::int64_t kMostRows = 1 << kRowBits;

std::uint32_t row_of(std::uint64_t place) {
  return static_cast<std::uint32_t>(place & (kMostRows - 1));
}

/// Rows of equal rank are told apart by what is in their batches.
class BatchTies final : public TieBreak {
 public:
  BatchTies(const DedupPlan& plan, const HeldBatches& held) : plan_(plan), held_(held) {}
  [[nodiscard]] bool wins(const LoggedRow& row, const LoggedRow& over) const override {
    return nodes::wins(plan_, kept(row), kept(over));
  }

 private:
  [[nodiscard]] KeptRow kept(const LoggedRow& row) const {
    return {row.rank, &held_[row.place >> kRowBits], row_of(row.place)};
  }
  const DedupPlan& plan_;
  const HeldBatches& held_;
};

class RowState final : public AccumulatorState {
 public:
  explicit RowState(std::shared_ptr<const DedupPlan> plan)
      : plan_(std::move(plan)), keys_(*plan_->schema, plan_->key) {}
  void add(const BatchRef& batch, Output& out) override;
  void finish(Output& out) override;
  [[nodiscard]] std::int64_t memory() const override {
    return held_.bytes() + logs_.bytes() + keys_.bytes();
  }

 private:
  void add_batch(const BatchRef& batch);
  void settle();
  void compact();

  std::shared_ptr<const DedupPlan> plan_;
  KeyEncoder keys_;
  HeldBatches held_;
  BatchTies ties_{*plan_, held_};
  KeyLogs logs_{ties_};
  std::shared_mutex moving_;  ///< shared: rows are added; alone: rows or logs are moved
  std::atomic<std::int64_t> next_look_ = 0;  ///< held rows at which waste is looked for
};

void RowState::add(const BatchRef& batch, Output& out) {
  out.absorbed(batch->rows());
  for (std::int64_t from = 0; from < batch->rows(); from += kMostRows) {
    const auto count = std::min(kMostRows, batch->rows() - from);
    add_batch(count == batch->rows() ? batch : slice(*batch, from, count));
    settle();
  }
}

/// The best row of each run; the first rows where runs have no other.
std::span<const std::uint32_t> best_rows(const DedupPlan& plan, HeldBatch& held, const Ranks& ranks,
                                         const KeyRuns& runs, std::vector<std::uint32_t>& best) {
  const auto first = runs.starts.first(runs.count);
  if (static_cast<std::int64_t>(runs.count) == held.batch->rows()) return first;
  const auto at = [&](std::uint32_t row) { return KeptRow{ranks.at(row), &held, row}; };
  best.assign(first.begin(), first.end());
  for (std::size_t run = 0; run < runs.count; ++run) {
    for (auto row = best[run] + 1; row < runs.starts[run + 1]; ++row) {
      if (wins(plan, at(row), at(best[run]))) best[run] = row;
    }
  }
  return best;
}

void RowState::add_batch(const BatchRef& batch) {
  const auto runs = keys_.encode(*batch);
  const Ranks ranks(*plan_, *batch);
  const std::shared_lock together(moving_);
  auto& held = held_.add(batch);
  std::vector<std::uint32_t> best;
  const auto rows = best_rows(*plan_, held, ranks, runs, best);
  const auto place = std::uint64_t{held.number} << kRowBits;
  held_.note(logs_.add({keys_, runs}, {&runs, rows.data(), ranks.data(), place}), 0);
}

/// What is known of dead rows is a guess until logs are looked through, so that is done first;
/// where it finds that the guess was wrong, it is not done again for a while.
void RowState::settle() {
  const auto is_due = [this] {
    return held_.is_wasteful() && held_.rows() >= next_look_.load(std::memory_order_relaxed);
  };
  if (!logs_.wants_split() && !is_due()) return;
  const std::unique_lock alone(moving_);
  if (logs_.wants_split()) logs_.split();
  if (!is_due()) return;
  held_.set_live(logs_.compact());
  if (held_.is_wasteful()) compact();
  next_look_.store(held_.rows() + held_.rows() / 4, std::memory_order_relaxed);
}

void RowState::compact() {
  held_.begin_marking();
  logs_.for_each_place(
      [&](std::uint64_t place) { held_[place >> kRowBits].marks[row_of(place)] = 1; });
  held_.compact();
  logs_.move_places([&](std::uint64_t place) -> std::uint64_t {
    const auto& held = held_[place >> kRowBits];
    return held.moved_to.empty() ? place
                                 : (place >> kRowBits << kRowBits) | held.moved_to[row_of(place)];
  });
  held_.end_moving();
}

void RowState::finish(Output& out) {
  held_.begin_marking();
  const auto marks = held_.marks();
  parallel(logs_.size(), [&](std::size_t part) {
    logs_.drain(part, [&](std::uint64_t place) { marks[place >> kRowBits][row_of(place)] = 1; });
  });
  logs_.clear();
  held_.emit_marked(out);
}

}  // namespace

std::unique_ptr<AccumulatorState> make_row_state(std::shared_ptr<const DedupPlan> plan) {
  return std::make_unique<RowState>(std::move(plan));
}

}  // namespace flowrun::nodes
