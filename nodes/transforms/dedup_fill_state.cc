// One row of each key stays, with values of others where it has none.
#include <array>
#include <shared_mutex>
#include <utility>

#include "nodes/kernels/key_encoder.h"
#include "nodes/kernels/shards.h"
#include "nodes/transforms/dedup_fill.h"
#include "nodes/transforms/dedup_order.h"
#include "nodes/transforms/dedup_state.h"

namespace flowrun::nodes {
namespace {

constexpr std::size_t kAhead = 8;  // runs whose keys are brought into the cache in advance

/// Brings what keys some runs ahead of run `i` lead to into the cache.
void prefetch(const KeyTable<KeptRow>& rows, const KeyRuns& runs,
              std::span<const std::uint32_t> chosen, std::size_t i) {
  if (i + 2 * kAhead < chosen.size()) rows.prefetch_slot(runs.hashes[chosen[i + 2 * kAhead]]);
  if (i + kAhead < chosen.size()) rows.prefetch_record(runs.hashes[chosen[i + kAhead]]);
}

class FilledState final : public AccumulatorState {
 public:
  explicit FilledState(std::shared_ptr<const DedupPlan> plan)
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
  void add_runs(HeldBatch& held, const Ranks& ranks, const KeyRuns& runs,
                std::span<const std::uint32_t> chosen, Shard& shard);
  template <typename Visit>
  void for_each_row(Visit visit);
  template <typename Visit>
  void for_each_lender(Visit visit);
  void compact();
  void count(Shard& shard);

  std::shared_ptr<const DedupPlan> plan_;
  KeyEncoder keys_;
  HeldBatches held_;
  std::array<Shard, kShards> shards_;
  std::shared_mutex moving_;  ///< shared: rows are added; alone: rows are moved
  std::atomic<std::int64_t> bytes_ = 0;
  std::atomic<std::size_t> next_shard_ = 0;
};

void FilledState::add(const BatchRef& batch, Output& out) {
  out.absorbed(batch->rows());
  if (batch->rows() == 0) return;
  add_batch(batch);
  if (!held_.is_wasteful()) return;
  const std::unique_lock alone(moving_);
  if (held_.is_wasteful()) compact();
}

void FilledState::add_batch(const BatchRef& batch) {
  const auto runs = keys_.encode(*batch);
  const RunsByShard by_shard(runs);
  const Ranks ranks(*plan_, *batch);
  const std::shared_lock together(moving_);
  auto& held = held_.add(batch);
  held.nullable = nullable_columns(*batch, plan_->filled);
  for_each_shard(next_shard_.fetch_add(1, std::memory_order_relaxed), [&](std::size_t s) {
    const auto chosen = by_shard.of(s);
    if (chosen.empty()) return;
    auto& shard = shards_[s];
    const std::lock_guard lock(shard.mutex);
    add_runs(held, ranks, runs, chosen, shard);
    count(shard);
  });
}

/// Rows that lose may still lend values, so that each is looked at on its own.
void FilledState::add_runs(HeldBatch& held, const Ranks& ranks, const KeyRuns& runs,
                           std::span<const std::uint32_t> chosen, Shard& shard) {
  Filling filling(*plan_, shard.kept, held_);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    prefetch(shard.kept.rows, runs, chosen, i);
    const auto run = chosen[i];
    for (auto row = runs.starts[run]; row < runs.starts[run + 1]; ++row) {
      const KeptRow candidate{ranks.at(row), &held, row};
      const auto [head, is_new] =
          shard.kept.rows.find_or_add(runs.hashes[run], runs.key(run), candidate);
      if (is_new) {
        filling.begin();
      } else {
        filling.add(*head, candidate);
      }
    }
  }
}

/// Calls visit(KeptRow&, const Kept&) for the row of every key.
template <typename Visit>
void FilledState::for_each_row(Visit visit) {
  for (auto& shard : shards_) {
    auto& kept = shard.kept;
    kept.rows.for_each([&](auto place) { visit(kept.rows.entry(place), kept); });
  }
}

/// Calls visit(KeptRow&) for the rows that lend values.
template <typename Visit>
void FilledState::for_each_lender(Visit visit) {
  for (auto& shard : shards_) {
    for (auto& row : shard.kept.lenders) {
      if (row.held != nullptr) visit(row);
    }
  }
}

void FilledState::compact() {
  const auto mark = [](const KeptRow& row) { row.held->marks[row.row] = 1; };
  held_.begin_marking();
  for_each_row([&](KeptRow& row, const Kept&) { mark(row); });
  for_each_lender(mark);
  held_.compact();
  const auto move = [](KeptRow& row) {
    if (!row.held->moved_to.empty()) row.row = row.held->moved_to[row.row];
  };
  for_each_row([&](KeptRow& row, const Kept&) { move(row); });
  for_each_lender(move);
  held_.end_moving();
}

void FilledState::count(Shard& shard) {
  const auto lenders = static_cast<std::int64_t>(shard.kept.lenders.capacity() * sizeof(KeptRow));
  const auto bytes = shard.kept.rows.bytes() + lenders;
  bytes_.fetch_add(bytes - std::exchange(shard.counted, bytes), std::memory_order_relaxed);
}

/// Who lends a value is not emitted itself.
void FilledState::finish(Output& out) {
  held_.begin_marking();
  for_each_row([](KeptRow& row, const Kept& kept) {
    row.held->marks[row.row] = 1;
    if (row.next != 0) row.held->filled.push_back({row.row, row.next, &kept.lenders});
  });
  held_.emit_marked(out);
  for (auto& shard : shards_) {
    shard.kept = {};
    count(shard);
  }
}

}  // namespace

std::unique_ptr<AccumulatorState> make_filled_state(std::shared_ptr<const DedupPlan> plan) {
  return std::make_unique<FilledState>(std::move(plan));
}

}  // namespace flowrun::nodes
