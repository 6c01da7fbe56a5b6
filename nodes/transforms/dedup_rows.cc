#include "nodes/transforms/dedup_rows.h"

#include <algorithm>
#include <optional>

#include "engine/data/builder.h"
#include "engine/data/spool.h"
#include "nodes/kernels/ordinal_sort.h"

namespace flowrun::nodes {
namespace {

constexpr std::int64_t kFewRows = 8 * kMaxBatchRows;  // below, dead rows do no harm
constexpr std::size_t kWorthTaking = 1024;  // living rows that are emitted as a batch of their own

/// Makes room for marks in every batch that is `chosen`.
template <typename Chosen>
void clear_marks(std::deque<HeldBatch>& batches, Chosen chosen) {
  for (auto& held : batches) {
    if (chosen(held)) held.lives.assign(static_cast<std::size_t>(held.batch->rows()), false);
  }
}

/// Calls visit(KeptRow&) for the row of every key.
template <typename Visit>
void for_each_row(const std::vector<Kept*>& kept, Visit visit) {
  for (auto* each : kept) {
    each->rows.for_each([&](auto place) { visit(each->rows.entry(place)); });
  }
}

/// The same for the rows that lend values.
template <typename Visit>
void for_each_lender(const std::vector<Kept*>& kept, Visit visit) {
  for (auto* each : kept) {
    for (auto& row : each->lenders) {
      if (row.held != nullptr) visit(row);
    }
  }
}

void mark_living(KeptRow& row) {
  if (!row.held->lives.empty()) row.held->lives[row.row] = true;
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
  void row(const HeldBatch& held, std::uint32_t row) {
    const auto* filled = filled_of(held, row);
    if (filled == nullptr) {
      gathered_.append_from(*held.batch, row);
    } else {
      append_filled(*held.batch, *filled);
    }
    if (gathered_.full()) flush();
  }
  void flush() {
    if (gathered_.rows() == 0) return;
    out_.made(gathered_.rows());
    out_.emit(0, gathered_.finish());
  }

 private:
  static const Filled* filled_of(const HeldBatch& held, std::uint32_t row) {
    if (held.filled.empty()) return nullptr;
    const auto found =
        std::lower_bound(held.filled.begin(), held.filled.end(), row,
                         [](const Filled& filled, std::uint32_t r) { return filled.row < r; });
    return found != held.filled.end() && found->row == row ? &*found : nullptr;
  }

  void append_filled(const Batch& batch, const Filled& filled) {
    for (std::size_t i = 0; i < batch.schema().size(); ++i) {
      const Batch* from = &batch;
      auto row = filled.row;
      for (auto next = filled.next; next != 0 && !from->column(i).is_valid(row);) {
        const auto& lender = (*filled.lenders)[next - 1];
        from = lender.held->batch.get();
        row = lender.row;
        next = lender.next;
      }
      gathered_.column(i).append_from(from->column(i), row);
    }
    gathered_.end_row(batch.ordinal(filled.row));
  }

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
  const bool as_it_is = held.filled.empty();
  if (as_it_is && held.live == batch->rows()) return emitter.batch(batch);
  const auto rows = living_rows(held);
  if (as_it_is && rows.size() >= kWorthTaking) return emitter.batch(take(*batch, rows));
  for (const auto row : rows) emitter.row(held, row);
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
  for (const auto& place : rows) emitter.row(*group.batches[place.shard], place.id);
}

}  // namespace

void HeldBatch::mark(std::uint32_t row) {
  if (lives.empty()) {
    lives.assign(static_cast<std::size_t>(batch->rows()), false);
    live = 0;
  }
  lives[row] = true;
  ++live;
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

void HeldBatches::compact(const std::vector<Kept*>& kept) {
  clear_marks(batches_, [](const HeldBatch& held) {
    return held.batch && held.live * 5 < held.batch->rows() * 4;
  });
  for_each_row(kept, mark_living);
  for_each_lender(kept, mark_living);
  for (auto& held : batches_) {
    if (held.lives.empty()) continue;
    const auto rows = living_rows(held);
    held.moved_to.resize(held.lives.size());
    for (std::uint32_t i = 0; i < rows.size(); ++i) held.moved_to[rows[i]] = i;
    replace(held, take(*held.batch, rows));
    held.lives = {};
  }
  const auto move = [](KeptRow& row) {
    if (!row.held->moved_to.empty()) row.row = row.held->moved_to[row.row];
  };
  for_each_row(kept, move);
  for_each_lender(kept, move);
  for (auto& held : batches_) {
    held.moved_to = {};
    if (held.batch && held.live == 0) drop(held);
  }
}

void HeldBatches::emit(const std::vector<Kept*>& kept, Output& out) {
  // Who lends a value is not emitted itself.
  for_each_lender(kept, [](KeptRow& row) { --row.held->live; });
  clear_marks(batches_, [](const HeldBatch& held) { return held.live > 0; });
  for_each_row(kept, mark_living);
  for (auto* each : kept) {
    if (each->lenders.empty()) continue;
    each->rows.for_each([&](auto place) {
      const auto& row = each->rows.entry(place);
      if (row.next != 0) row.held->filled.push_back({row.row, row.next, &each->lenders});
    });
  }
  emit_marked(out);
}

void HeldBatches::emit_marked(Output& out) {
  bool lends = false;
  for (auto& held : batches_) {
    lends = lends || !held.filled.empty();
    std::sort(held.filled.begin(), held.filled.end(),
              [](const Filled& a, const Filled& b) { return a.row < b.row; });
  }
  std::optional<Emitter> emitter;
  for (const auto& group : group_by_ordinals(batches_)) {
    if (!emitter) emitter.emplace(group.batches.front()->batch->schema_ref(), out);
    if (group.ascending) {
      emit_ascending(*group.batches.front(), *emitter);
    } else {
      emit_mixed(group, *emitter);
    }
    for (auto* held : group.batches) {
      if (!lends) drop(*held);  // else others may want values of it
      held->lives = {};
    }
  }
  if (emitter) emitter->flush();
  for (auto& held : batches_) {
    if (held.batch) drop(held);
  }
}

}  // namespace flowrun::nodes
