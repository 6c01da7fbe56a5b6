#include "nodes/transforms/pivot_state.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "nodes/transforms/pivot_flush.h"
#include "nodes/transforms/pivot_fold.h"
#include "nodes/transforms/pivot_rows.h"

namespace flowrun::nodes {
namespace {

constexpr std::size_t kAhead = 8;  // runs whose keys are brought into the cache in advance
constexpr std::int64_t kSmallLog = 1 << 16;  // cells of a shard below which nothing is thrown out

class PivotState final : public AccumulatorState {
 public:
  explicit PivotState(std::shared_ptr<PivotPlan> plan)
      : plan_(std::move(plan)), keys_(*plan_->input, plan_->index) {}
  void add(const BatchRef& batch, Output& out) override;
  void finish(Output& out) override;
  [[nodiscard]] std::int64_t memory() const override {
    return bytes_.load(std::memory_order_relaxed) + keys_.bytes();
  }

 private:
  void add_runs(const Batch& batch, const PivotRows& rows, const KeyRuns& runs,
                std::span<const std::uint32_t> chosen, PivotShard& shard);
  void add_cells(const Batch& batch, const PivotRows& rows, std::size_t from, std::size_t until,
                 PivotShard& shard, PivotKey& key) const;
  void throw_out_losers(PivotShard& shard) const;
  void count(PivotShard& shard);

  std::shared_ptr<PivotPlan> plan_;
  KeyEncoder keys_;
  std::unique_ptr<PivotShards> shards_ = std::make_unique<PivotShards>();
  std::atomic<std::int64_t> bytes_ = 0;
  std::atomic<std::size_t> next_shard_ = 0;
};

void PivotState::add(const BatchRef& batch, Output& out) {
  std::optional<PivotRows> rows(std::in_place, batch, *plan_);
  const auto good = rows->reject_bad(out);
  if (good != batch) rows.emplace(good, *plan_);
  out.absorbed(good->rows());
  if (good->rows() == 0) return;
  const auto runs = keys_.encode(*good);
  const RunsByShard by_shard(runs);
  for_each_shard(next_shard_.fetch_add(1, std::memory_order_relaxed), [&](std::size_t s) {
    const auto chosen = by_shard.of(s);
    if (chosen.empty()) return;
    auto& shard = (*shards_)[s];
    const std::lock_guard lock(shard.mutex);
    add_runs(*good, *rows, runs, chosen, shard);
    throw_out_losers(shard);
    count(shard);
  });
}

void PivotState::add_runs(const Batch& batch, const PivotRows& rows, const KeyRuns& runs,
                          std::span<const std::uint32_t> chosen, PivotShard& shard) {
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (i + 2 * kAhead < chosen.size())
      shard.keys.prefetch_slot(runs.hashes[chosen[i + 2 * kAhead]]);
    if (i + kAhead < chosen.size()) shard.keys.prefetch_record(runs.hashes[chosen[i + kAhead]]);
    const auto run = chosen[i];
    auto& key = *shard.keys.find_or_add(runs.hashes[run], runs.key(run), PivotKey()).first;
    add_cells(batch, rows, runs.starts[run], runs.starts[run + 1], shard, key);
  }
}

/// Adds the rows [from, until), which are of one key.
void PivotState::add_cells(const Batch& batch, const PivotRows& rows, std::size_t from,
                           std::size_t until, PivotShard& shard, PivotKey& key) const {
  const auto& sources = rows.sources();
  const auto* columns = rows.columns();
  const auto* words = rows.plain_words();
  const auto& ordinals = batch.ordinals();
  while (from < until) {
    const auto base = ordinals.at(static_cast<std::int64_t>(from));
    key.first_ordinal = std::min(key.first_ordinal, base);
    const auto end = from + shard.log.open(key.last_run, base, until - from);
    for (; from < end; ++from) {
      const auto row = static_cast<std::int64_t>(from);
      const auto delta = ordinals.at(row) - base;
      if (delta > CellLog::kMostDelta) break;
      const auto column = static_cast<std::uint16_t>(columns[from]);
      if (words != nullptr) {
        shard.log.put(column, static_cast<std::uint16_t>(delta), words[from]);
        continue;
      }
      const auto& source = sources[plan_->columns[column].source];
      if (!source.has_value(row)) continue;
      const auto word = source.words != nullptr
                            ? source.words[from]
                            : keep_bytes(shard.bytes_of_cells, source.bytes(row));
      shard.log.put(column, static_cast<std::uint16_t>(delta), word);
    }
    key.last_run = shard.log.close();
  }
}

/// Where the log holds more than twice the cells that the table has room for, most of them lost:
/// keeps those that won.
void PivotState::throw_out_losers(PivotShard& shard) const {
  const auto room = static_cast<std::int64_t>(shard.keys.size() * plan_->columns.size());
  if (plan_->keeps_losers() || shard.log.cells() < std::max(kSmallLog, 2 * room)) return;
  CellLog kept;
  ByteArena kept_bytes;
  CellFold fold(*plan_);
  std::vector<std::uint32_t> runs;
  std::vector<Cell> cells;
  shard.keys.for_each([&](auto place) {
    auto& key = shard.keys.entry(place);
    runs.clear();
    for (auto run = std::exchange(key.last_run, CellLog::kNone); run != CellLog::kNone;
         run = shard.log.previous(run)) {
      runs.push_back(run);
    }
    fold.fold(shard.log, runs);
    cells.clear();
    for (const auto column : fold.columns()) {
      const auto word = fold.word(column);
      const bool moves = !is_word(plan_->columns[column].cell);
      cells.push_back(
          {fold.ordinal(column), moves ? keep_bytes(kept_bytes, bytes_of(word)) : word, column});
    }
    std::sort(cells.begin(), cells.end(),
              [](const Cell& a, const Cell& b) { return a.ordinal < b.ordinal; });
    for (std::size_t i = 0; i < cells.size();) {
      const auto base = cells[i].ordinal;
      auto room_left = kept.open(key.last_run, base, cells.size() - i);
      for (; i < cells.size() && room_left > 0 && cells[i].ordinal - base <= CellLog::kMostDelta;
           ++i, --room_left) {
        kept.put(cells[i].column, static_cast<std::uint16_t>(cells[i].ordinal - base),
                 cells[i].word);
      }
      key.last_run = kept.close();
    }
  });
  shard.log = std::move(kept);
  shard.bytes_of_cells = std::move(kept_bytes);
}

void PivotState::count(PivotShard& shard) {
  const auto bytes = shard.bytes();
  bytes_.fetch_add(bytes - std::exchange(shard.counted, bytes), std::memory_order_relaxed);
}

void PivotState::finish(Output& out) {
  PivotFlush flush(*plan_, keys_, *shards_, out);
  while (flush.emit_next()) {
    for (auto& shard : *shards_) count(shard);
  }
  shards_ = nullptr;
  bytes_.store(0, std::memory_order_relaxed);
}

}  // namespace

std::unique_ptr<AccumulatorState> make_pivot_state(std::shared_ptr<PivotPlan> plan) {
  return std::make_unique<PivotState>(std::move(plan));
}

}  // namespace flowrun::nodes
