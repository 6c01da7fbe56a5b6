#include "nodes/transforms/dedup_state.h"

#include <array>
#include <shared_mutex>

#include "nodes/kernels/key_encoder.h"
#include "nodes/kernels/key_table.h"
#include "nodes/kernels/shards.h"
#include "nodes/transforms/dedup_rows.h"

namespace flowrun::nodes {
namespace {

constexpr std::size_t kAhead = 8;  // runs whose keys are brought into the cache in advance

class DedupState final : public AccumulatorState {
 public:
  explicit DedupState(std::shared_ptr<const DedupPlan> plan)
      : plan_(std::move(plan)), keys_(*plan_->schema, plan_->key) {}
  void add(const BatchRef& batch, Output& out) override;
  void finish(Output& out) override;
  [[nodiscard]] std::int64_t memory() const override {
    return held_.bytes() + bytes_.load(std::memory_order_relaxed) + keys_.bytes();
  }

 private:
  /// The keys whose hashes fall together.
  struct Shard {
    std::mutex mutex;
    KeptRows rows;
    std::int64_t counted = 0;
  };

  void add_batch(const BatchRef& batch);
  void add_runs(HeldBatch& held, const KeyRuns& runs, std::span<const std::uint32_t> chosen,
                Shard& shard);
  [[nodiscard]] KeptRow best_of_run(HeldBatch& held, std::size_t from, std::size_t until) const;
  [[nodiscard]] bool wins(const KeptRow& row, const KeptRow& over) const;
  [[nodiscard]] std::vector<KeptRows*> all_kept();
  void count(Shard& shard);

  std::shared_ptr<const DedupPlan> plan_;
  KeyEncoder keys_;
  HeldBatches held_;
  std::array<Shard, kShards> shards_;
  std::shared_mutex moving_;  ///< shared: rows are added; alone: rows are moved
  std::atomic<std::int64_t> bytes_ = 0;
  std::atomic<std::size_t> next_shard_ = 0;
};

void DedupState::add(const BatchRef& batch, Output& out) {
  out.absorbed(batch->rows());
  if (batch->rows() == 0) return;
  add_batch(batch);
  if (!held_.is_wasteful()) return;
  const std::unique_lock alone(moving_);
  if (held_.is_wasteful()) held_.compact(all_kept());
}

void DedupState::add_batch(const BatchRef& batch) {
  const auto runs = keys_.encode(*batch);
  const RunsByShard by_shard(runs);
  const std::shared_lock together(moving_);
  auto& held = held_.add(batch);
  for_each_shard(next_shard_.fetch_add(1, std::memory_order_relaxed), [&](std::size_t s) {
    const auto chosen = by_shard.of(s);
    if (chosen.empty()) return;
    auto& shard = shards_[s];
    const std::lock_guard lock(shard.mutex);
    add_runs(held, runs, chosen, shard);
    count(shard);
  });
}

void DedupState::add_runs(HeldBatch& held, const KeyRuns& runs,
                          std::span<const std::uint32_t> chosen, Shard& shard) {
  std::int64_t born = 0;
  std::int64_t died = 0;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (i + 2 * kAhead < chosen.size())
      shard.rows.prefetch_slot(runs.hashes[chosen[i + 2 * kAhead]]);
    if (i + kAhead < chosen.size()) shard.rows.prefetch_record(runs.hashes[chosen[i + kAhead]]);
    const auto run = chosen[i];
    const auto row = best_of_run(held, runs.starts[run], runs.starts[run + 1]);
    const auto [kept, is_new] = shard.rows.find_or_add(runs.hashes[run], runs.key(run), row);
    if (is_new) {
      ++born;
    } else if (wins(row, *kept)) {
      kept->held->live.fetch_sub(1, std::memory_order_relaxed);
      *kept = row;
      ++born;
      ++died;
    }
  }
  held.live.fetch_add(born, std::memory_order_relaxed);
  held_.note(born, died);
}

/// Rows [from, until) have one key.
KeptRow DedupState::best_of_run(HeldBatch& held, std::size_t from, std::size_t until) const {
  const auto at = [&](std::size_t row) {
    return KeptRow{held.batch->ordinal(static_cast<std::int64_t>(row)), &held,
                   static_cast<std::uint32_t>(row)};
  };
  auto best = at(from);
  for (auto row = from + 1; row < until; ++row) {
    const auto candidate = at(row);
    if (wins(candidate, best)) best = candidate;
  }
  return best;
}

bool DedupState::wins(const KeptRow& row, const KeptRow& over) const {
  if (plan_->order_by) {
    const auto& mine = row.held->batch->column(*plan_->order_by);
    const auto& theirs = over.held->batch->column(*plan_->order_by);
    const bool valid = mine.is_valid(row.row);
    if (valid != theirs.is_valid(over.row)) return valid;
    const auto order = valid ? compare_at(mine, row.row, theirs, over.row) : 0;
    if (order != 0) return plan_->keeps_last ? order > 0 : order < 0;
  }
  if (row.ordinal == over.ordinal) {
    // One row of the input that came by two ways: which came first is chance, what it holds is not.
    const auto order = compare_rows(*row.held->batch, row.row, *over.held->batch, over.row);
    return plan_->keeps_last ? order > 0 : order < 0;
  }
  return plan_->keeps_last ? row.ordinal > over.ordinal : row.ordinal < over.ordinal;
}

std::vector<KeptRows*> DedupState::all_kept() {
  std::vector<KeptRows*> all;
  for (auto& shard : shards_) all.push_back(&shard.rows);
  return all;
}

void DedupState::count(Shard& shard) {
  const auto bytes = shard.rows.bytes();
  bytes_.fetch_add(bytes - std::exchange(shard.counted, bytes), std::memory_order_relaxed);
}

void DedupState::finish(Output& out) {
  held_.emit(all_kept(), out);
  for (auto& shard : shards_) {
    shard.rows = KeptRows();
    count(shard);
  }
}

}  // namespace

std::unique_ptr<AccumulatorState> make_dedup_state(std::shared_ptr<const DedupPlan> plan) {
  return std::make_unique<DedupState>(std::move(plan));
}

}  // namespace flowrun::nodes
