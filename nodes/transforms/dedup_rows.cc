#include "nodes/transforms/dedup_rows.h"

#include <algorithm>
#include <optional>

#include "engine/data/builder.h"
#include "nodes/kernels/ordinal_sort.h"

namespace flowrun::nodes {
namespace {

constexpr std::int64_t kFewRows = 8 * kMaxBatchRows;  // below, dead rows do no harm
constexpr std::size_t kWorthTaking = 1024;  // living rows that are emitted as a batch of their own

using Kept = std::vector<KeptRows*>;

/// Marks the living rows of every batch that is `chosen`.
template <typename Chosen>
void mark_living(std::deque<HeldBatch>& batches, const Kept& kept, Chosen chosen) {
  for (auto& held : batches) {
    if (chosen(held)) held.lives.assign(static_cast<std::size_t>(held.batch->rows()), false);
  }
  for (const auto* rows : kept) {
    rows->for_each([&](auto place) {
      const auto& row = rows->entry(place);
      if (!row.held->lives.empty()) row.held->lives[row.row] = true;
    });
  }
}

/// The marked rows, ascending.
std::vector<std::uint32_t> living_rows(const HeldBatch& held) {
  std::vector<std::uint32_t> rows;
  rows.reserve(static_cast<std::size_t>(held.live.load()));
  for (std::uint32_t row = 0; row < held.lives.size(); ++row) {
    if (held.lives[row]) rows.push_back(row);
  }
  return rows;
}

/// Emits rows; few at a time are gathered into batches.
class Emitter {
 public:
  Emitter(SchemaRef schema, Output& out) : gathered_(std::move(schema)), out_(out) {}

  void batch(BatchRef rows) {
    flush();
    out_.made(rows->rows());
    out_.emit(0, std::move(rows));
  }
  void row(const Batch& from, std::int64_t row) {
    gathered_.append_from(from, row);
    if (gathered_.full()) flush();
  }
  void flush() {
    if (gathered_.rows() == 0) return;
    out_.made(gathered_.rows());
    out_.emit(0, gathered_.finish());
  }

 private:
  BatchBuilder gathered_;
  Output& out_;
};

/// Batches the ordinals of whose living rows lie in one stretch that no other group touches.
struct Group {
  std::vector<HeldBatch*> batches;
  std::uint64_t last = 0;
  bool ascending = true;  ///< rows by number are rows by ordinal
};

struct Range {
  std::uint64_t first = UINT64_MAX;
  std::uint64_t last = 0;
  bool ascending = true;
  HeldBatch* held = nullptr;
};

Range range_of(HeldBatch& held) {
  Range range{.held = &held};
  for (const auto row : living_rows(held)) {
    const auto ordinal = held.batch->ordinal(row);
    range.ascending = range.ascending && ordinal >= range.last;
    range.first = std::min(range.first, ordinal);
    range.last = std::max(range.last, ordinal);
  }
  return range;
}

std::vector<Group> group_by_ordinals(std::deque<HeldBatch>& batches) {
  std::vector<Range> ranges;
  for (auto& held : batches) {
    if (!held.lives.empty()) ranges.push_back(range_of(held));
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  std::vector<Group> groups;
  for (const auto& range : ranges) {
    if (groups.empty() || range.first > groups.back().last) groups.emplace_back();
    auto& group = groups.back();
    group.ascending = group.ascending && range.ascending && group.batches.empty();
    group.last = std::max(group.last, range.last);
    group.batches.push_back(range.held);
  }
  return groups;
}

void emit_ascending(const HeldBatch& held, Emitter& emitter) {
  const auto& batch = held.batch;
  if (held.live == batch->rows()) return emitter.batch(batch);
  const auto rows = living_rows(held);
  if (rows.size() >= kWorthTaking) return emitter.batch(take(*batch, rows));
  for (const auto row : rows) emitter.row(*batch, row);
}

/// Rows of several batches can have one ordinal (two branches of one source that were put
/// together). Which batch came first is chance, so those of one batch stay together, and batches go
/// by content.
void sort_ties(const Group& group, std::vector<Placed>& rows) {
  const auto less = [&](const Placed& a, const Placed& b) {
    return compare_rows(*group.batches[a.shard]->batch, a.id, *group.batches[b.shard]->batch,
                        b.id) < 0;
  };
  for (auto from = rows.begin(); from != rows.end();) {
    auto until = std::find_if(from, rows.end(),
                              [&](const Placed& row) { return row.ordinal != from->ordinal; });
    if (until - from > 1 && from->shard != (until - 1)->shard) {
      std::vector<std::vector<Placed>> by_batch;
      for (auto at = from; at != until; ++at) {
        if (by_batch.empty() || by_batch.back().front().shard != at->shard) by_batch.emplace_back();
        by_batch.back().push_back(*at);
      }
      std::sort(by_batch.begin(), by_batch.end(), [&](const auto& a, const auto& b) {
        return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), less);
      });
      for (const auto& run : by_batch) from = std::copy(run.begin(), run.end(), from);
    }
    from = until;
  }
}

/// Batches that overlap, or whose rows are out of order: row by row.
void emit_mixed(const Group& group, Emitter& emitter) {
  std::vector<Placed> rows;
  for (std::uint32_t i = 0; i < group.batches.size(); ++i) {
    const auto& held = *group.batches[i];
    for (const auto row : living_rows(held)) rows.push_back({held.batch->ordinal(row), i, row});
  }
  sort_by_ordinal(rows);
  sort_ties(group, rows);
  for (const auto& place : rows) emitter.row(*group.batches[place.shard]->batch, place.id);
}

}  // namespace

int compare_rows(const Batch& x, std::int64_t a, const Batch& y, std::int64_t b) {
  for (std::size_t i = 0; i < x.schema().size(); ++i) {
    const auto& mine = x.column(i);
    const auto& theirs = y.column(i);
    const bool valid = mine.is_valid(a);
    if (valid != theirs.is_valid(b)) return valid ? 1 : -1;
    const int order = valid ? compare_at(mine, a, theirs, b) : 0;
    if (order != 0) return order;
  }
  return 0;
}

HeldBatch& HeldBatches::add(BatchRef batch) {
  rows_.fetch_add(batch->rows(), std::memory_order_relaxed);
  bytes_.fetch_add(batch->bytes(), std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  return batches_.emplace_back(std::move(batch));
}

bool HeldBatches::is_wasteful() const {
  const auto rows = rows_.load(std::memory_order_relaxed);
  return rows > kFewRows && rows > 2 * live_.load(std::memory_order_relaxed);
}

void HeldBatches::drop(HeldBatch& held) {
  rows_.fetch_sub(held.batch->rows(), std::memory_order_relaxed);
  bytes_.fetch_sub(held.batch->bytes(), std::memory_order_relaxed);
  held.batch = nullptr;
}

void HeldBatches::replace(HeldBatch& held, BatchRef smaller) {
  drop(held);
  rows_.fetch_add(smaller->rows(), std::memory_order_relaxed);
  bytes_.fetch_add(smaller->bytes(), std::memory_order_relaxed);
  held.batch = std::move(smaller);
}

void HeldBatches::compact(const Kept& kept) {
  mark_living(batches_, kept, [](const HeldBatch& held) {
    return held.batch && held.live * 5 < held.batch->rows() * 4;
  });
  for (auto& held : batches_) {
    if (held.lives.empty()) continue;
    const auto rows = living_rows(held);
    held.moved_to.resize(held.lives.size());
    for (std::uint32_t i = 0; i < rows.size(); ++i) held.moved_to[rows[i]] = i;
    replace(held, take(*held.batch, rows));
    held.lives = {};
  }
  for (auto* rows : kept) {
    rows->for_each([&](auto place) {
      auto& row = rows->entry(place);
      if (!row.held->moved_to.empty()) row.row = row.held->moved_to[row.row];
    });
  }
  for (auto& held : batches_) {
    held.moved_to = {};
    if (held.batch && held.live == 0) drop(held);
  }
}

void HeldBatches::emit(const Kept& kept, Output& out) {
  mark_living(batches_, kept, [](const HeldBatch& held) { return held.live > 0; });
  std::optional<Emitter> emitter;
  for (const auto& group : group_by_ordinals(batches_)) {
    if (!emitter) emitter.emplace(group.batches.front()->batch->schema_ref(), out);
    if (group.ascending) {
      emit_ascending(*group.batches.front(), *emitter);
    } else {
      emit_mixed(group, *emitter);
    }
    for (auto* held : group.batches) {
      drop(*held);
      held->lives = {};
    }
  }
  if (emitter) emitter->flush();
  for (auto& held : batches_) {
    if (held.batch) drop(held);
  }
}

}  // namespace flowrun::nodes
