// The rows of each key that differ from the one before.
#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <utility>

#include "nodes/kernels/key_encoder.h"
#include "nodes/kernels/key_table.h"
#include "nodes/kernels/shards.h"
#include "nodes/transforms/dedup_order.h"

namespace flowrun::nodes {
namespace {

/// What is kept of a key: its number in the shard.
struct KeyNumber {
  std::uint64_t number = 0;
};

/// A row and the number of its key, in place of the row behind it.
bool by_key(const KeptRow& a, const KeptRow& b) {
  return a.next != b.next ? a.next < b.next : a.rank < b.rank;
}

void mark(const KeptRow& row) { row.held->marks[row.row] = 1; }

class ChangesState final : public AccumulatorState {
 public:
  explicit ChangesState(std::shared_ptr<const DedupPlan> plan)
      : plan_(std::move(plan)), keys_(*plan_->schema, plan_->key) {}
  void add(const BatchRef& batch, Output& out) override;
  void finish(Output& out) override;
  [[nodiscard]] std::int64_t memory() const override {
    return held_.bytes() + bytes_.load(std::memory_order_relaxed) + keys_.bytes();
  }

 private:
  /// The rows whose keys' hashes fall together.
  struct Shard {
    std::mutex mutex;
    KeyTable<KeyNumber> keys;
    std::vector<KeptRow> rows;
    std::int64_t counted = 0;
  };

  void add_runs(HeldBatch& held, const Ranks& ranks, const KeyRuns& runs,
                std::span<const std::uint32_t> chosen, Shard& shard);
  void choose(std::vector<KeptRow>& rows) const;
  [[nodiscard]] bool differ(const KeptRow& a, const KeptRow& b) const;
  void count(Shard& shard);

  std::shared_ptr<const DedupPlan> plan_;
  KeyEncoder keys_;
  HeldBatches held_;
  std::array<Shard, kShards> shards_;
  std::atomic<std::int64_t> bytes_ = 0;
  std::atomic<std::size_t> next_shard_ = 0;
};

void ChangesState::add(const BatchRef& batch, Output& out) {
  out.absorbed(batch->rows());
  if (batch->rows() == 0) return;
  const auto runs = keys_.encode(*batch);
  const RunsByShard by_shard(runs);
  const Ranks ranks(*plan_, *batch);
  auto& held = held_.add(batch);
  for_each_shard(next_shard_.fetch_add(1, std::memory_order_relaxed), [&](std::size_t s) {
    const auto chosen = by_shard.of(s);
    if (chosen.empty()) return;
    auto& shard = shards_[s];
    const std::lock_guard lock(shard.mutex);
    add_runs(held, ranks, runs, chosen, shard);
    count(shard);
  });
}

void ChangesState::add_runs(HeldBatch& held, const Ranks& ranks, const KeyRuns& runs,
                            std::span<const std::uint32_t> chosen, Shard& shard) {
  for (const auto run : chosen) {
    const auto number =
        shard.keys.find_or_add(runs.hashes[run], runs.key(run), {shard.keys.size()}).first->number;
    for (auto row = runs.starts[run]; row < runs.starts[run + 1]; ++row) {
      shard.rows.push_back({.rank = ranks.at(row),
                            .held = &held,
                            .row = row,
                            .next = static_cast<std::uint32_t>(number)});
    }
  }
}

bool ChangesState::differ(const KeptRow& a, const KeptRow& b) const {
  return std::any_of(plan_->compare.begin(), plan_->compare.end(), [&](std::size_t column) {
    return !equal_at(a.held->batch->column(column), a.row, b.held->batch->column(column), b.row);
  });
}

/// Marks the rows that stay of all keys of a shard.
void ChangesState::choose(std::vector<KeptRow>& rows) const {
  const auto before = [this](const KeptRow& a, const KeptRow& b) { return wins(*plan_, b, a); };
  std::sort(rows.begin(), rows.end(), by_key);
  for (auto from = rows.begin(); from != rows.end();) {
    const auto until =
        std::find_if(from, rows.end(), [&](const KeptRow& row) { return row.next != from->next; });
    if (!std::is_sorted(from, until, before)) std::sort(from, until, before);
    mark(*from);
    for (auto row = from + 1; row != until; ++row) {
      if (differ(*(row - 1), *row)) mark(*row);
    }
    from = until;
  }
}

void ChangesState::count(Shard& shard) {
  const auto rows = static_cast<std::int64_t>(shard.rows.capacity() * sizeof(KeptRow));
  const auto bytes = shard.keys.bytes() + rows;
  bytes_.fetch_add(bytes - std::exchange(shard.counted, bytes), std::memory_order_relaxed);
}

void ChangesState::finish(Output& out) {
  held_.begin_marking();
  for (auto& shard : shards_) {
    choose(shard.rows);
    shard.rows = std::vector<KeptRow>();
    shard.keys = {};
    count(shard);
  }
  held_.emit_marked(out);
}

}  // namespace

std::unique_ptr<AccumulatorState> make_changes_state(std::shared_ptr<const DedupPlan> plan) {
  return std::make_unique<ChangesState>(std::move(plan));
}

}  // namespace flowrun::nodes
