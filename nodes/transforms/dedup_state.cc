#include "nodes/transforms/dedup_state.h"

#include <array>
#include <shared_mutex>

#include "nodes/kernels/key_encoder.h"
#include "nodes/kernels/key_table.h"
#include "nodes/kernels/shards.h"
#include "nodes/transforms/dedup_fill.h"
#include "nodes/transforms/dedup_order.h"

namespace flowrun::nodes {
namespace {

constexpr std::size_t kAhead = 8;  // runs whose keys are brought into the cache in advance

/// Brings what keys some runs ahead of run `i` lead to into the cache.
void prefetch(const KeptRows& rows, const KeyRuns& runs, std::span<const std::uint32_t> chosen,
              std::size_t i) {
  if (i + 2 * kAhead < chosen.size()) rows.prefetch_slot(runs.hashes[chosen[i + 2 * kAhead]]);
  if (i + kAhead < chosen.size()) rows.prefetch_record(runs.hashes[chosen[i + kAhead]]);
}

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
    Kept kept;
    std::int64_t counted = 0;
  };

  void add_batch(const BatchRef& batch);
  void add_runs(HeldBatch& held, const KeyRuns& runs, std::span<const std::uint32_t> chosen,
                Shard& shard);
  [[nodiscard]] KeptRow best_of_run(HeldBatch& held, std::size_t from, std::size_t until) const;
  void fill_runs(HeldBatch& held, const KeyRuns& runs, std::span<const std::uint32_t> chosen,
                 Shard& shard);
  [[nodiscard]] std::vector<Kept*> all_kept();
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
  const bool fills = !plan_->filled.empty();
  if (fills) held.nullable = nullable_columns(*batch, plan_->filled);
  for_each_shard(next_shard_.fetch_add(1, std::memory_order_relaxed), [&](std::size_t s) {
    const auto chosen = by_shard.of(s);
    if (chosen.empty()) return;
    auto& shard = shards_[s];
    const std::lock_guard lock(shard.mutex);
    if (fills) {
      fill_runs(held, runs, chosen, shard);
    } else {
      add_runs(held, runs, chosen, shard);
    }
    count(shard);
  });
}

void DedupState::add_runs(HeldBatch& held, const KeyRuns& runs,
                          std::span<const std::uint32_t> chosen, Shard& shard) {
  std::int64_t born = 0;
  std::int64_t died = 0;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    prefetch(shard.kept.rows, runs, chosen, i);
    const auto run = chosen[i];
    const auto row = best_of_run(held, runs.starts[run], runs.starts[run + 1]);
    const auto [kept, is_new] = shard.kept.rows.find_or_add(runs.hashes[run], runs.key(run), row);
    if (is_new) {
      ++born;
    } else if (wins(*plan_, row, *kept)) {
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
    if (wins(*plan_, candidate, best)) best = candidate;
  }
  return best;
}

/// Rows that lose may still lend values, so that each is looked at on its own.
void DedupState::fill_runs(HeldBatch& held, const KeyRuns& runs,
                           std::span<const std::uint32_t> chosen, Shard& shard) {
  Filling filling(*plan_, shard.kept, held_);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    prefetch(shard.kept.rows, runs, chosen, i);
    const auto run = chosen[i];
    for (auto row = runs.starts[run]; row < runs.starts[run + 1]; ++row) {
      const KeptRow candidate{held.batch->ordinal(row), &held, row};
      const auto [head, is_new] =
          shard.kept.rows.find_or_add(runs.hashes[run], runs.key(run), candidate);
      if (is_new) {
        filling.begin(candidate);
      } else {
        filling.add(*head, candidate);
      }
    }
  }
}

std::vector<Kept*> DedupState::all_kept() {
  std::vector<Kept*> all;
  for (auto& shard : shards_) all.push_back(&shard.kept);
  return all;
}

void DedupState::count(Shard& shard) {
  const auto lenders = static_cast<std::int64_t>(shard.kept.lenders.capacity() * sizeof(KeptRow));
  const auto bytes = shard.kept.rows.bytes() + lenders;
  bytes_.fetch_add(bytes - std::exchange(shard.counted, bytes), std::memory_order_relaxed);
}

void DedupState::finish(Output& out) {
  held_.emit(all_kept(), out);
  for (auto& shard : shards_) {
    shard.kept = {};
    count(shard);
  }
}

}  // namespace

std::unique_ptr<AccumulatorState> make_dedup_state(std::shared_ptr<const DedupPlan> plan) {
  return std::make_unique<DedupState>(std::move(plan));
}

}  // namespace flowrun::nodes
