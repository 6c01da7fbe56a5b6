#include "nodes/transforms/dedup_emit.h"

#include <algorithm>

#include "engine/core/parallel.h"
#include "engine/data/builder.h"
#include "engine/data/spool.h"
#include "nodes/kernels/ordinal_sort.h"

namespace flowrun::nodes {
namespace {

constexpr std::size_t kWorthTaking = 1024;  // living rows that are emitted as a batch of their own
constexpr std::size_t kPiece = 16;          // batches that a thread looks at at a time
constexpr std::size_t kAhead = 16;          // batches that are gathered side by side

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
  const auto rows = marked_rows(held);
  if (rows.empty()) return range;
  const auto& batch = *held.batch;
  if (!batch.ordinals().values) {
    range.first = batch.ordinal(rows.front());
    range.last = batch.ordinal(rows.back());
    return range;
  }
  for (const auto row : rows) {
    const auto ordinal = batch.ordinal(row);
    range.ascending = range.ascending && ordinal >= range.last;
    range.first = std::min(range.first, ordinal);
    range.last = std::max(range.last, ordinal);
  }
  return range;
}

std::vector<Group> group_by_ordinals(const std::vector<HeldBatch*>& batches) {
  std::vector<Range> ranges(batches.size());
  parallel((batches.size() + kPiece - 1) / kPiece, [&](std::size_t piece) {
    const auto end = std::min(batches.size(), (piece + 1) * kPiece);
    for (auto i = piece * kPiece; i < end; ++i) ranges[i] = range_of(*batches[i]);
  });
  std::erase_if(ranges, [](const Range& range) { return range.first > range.last; });
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

/// What a group leaves by: batches whose rows are gathered in advance, or rows one by one.
struct Gathered {
  BatchRef batch;                   ///< of enough rows, where these are in order
  std::vector<std::uint32_t> rows;  ///< else, where they are in order
};

Gathered gather(const Group& group) {
  if (!group.ascending) return {};
  const auto& held = *group.batches.front();
  auto rows = marked_rows(held);
  if (held.filled.empty()) {
    if (rows.size() == held.marks.size()) return {held.batch, {}};
    if (rows.size() >= kWorthTaking) return {take(*held.batch, rows), {}};
  }
  return {nullptr, std::move(rows)};
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
    for (const auto row : marked_rows(held)) rows.push_back({held.batch->ordinal(row), i, row});
  }
  sort_by_ordinal(rows);
  sort_ties(group, rows);
  for (const auto& place : rows) emitter.row(*group.batches[place.shard], place.id);
}

void emit_group(const Group& group, Gathered gathered, Emitter& emitter) {
  if (!group.ascending) return emit_mixed(group, emitter);
  if (gathered.batch) return emitter.batch(std::move(gathered.batch));
  for (const auto row : gathered.rows) emitter.row(*group.batches.front(), row);
}

}  // namespace

std::vector<std::uint32_t> marked_rows(const HeldBatch& held) {
  std::vector<std::uint32_t> rows(held.marks.size());
  std::size_t count = 0;
  for (std::uint32_t row = 0; row < held.marks.size(); ++row) {
    rows[count] = row;
    count += held.marks[row];
  }
  rows.resize(count);
  return rows;
}

void emit_in_order(const std::vector<HeldBatch*>& batches, Output& out,
                   const std::function<void(HeldBatch&)>& drop) {
  bool lends = false;
  for (auto* held : batches) {
    lends = lends || !held->filled.empty();
    std::sort(held->filled.begin(), held->filled.end(),
              [](const Filled& a, const Filled& b) { return a.row < b.row; });
  }
  const auto groups = group_by_ordinals(batches);
  if (groups.empty()) return;
  Emitter emitter(groups.front().batches.front()->batch->schema_ref(), out);
  for (std::size_t from = 0; from < groups.size(); from += kAhead) {
    const auto count = std::min(kAhead, groups.size() - from);
    std::vector<Gathered> gathered(count);
    parallel(count, [&](std::size_t i) { gathered[i] = gather(groups[from + i]); });
    for (std::size_t i = 0; i < count; ++i) {
      const auto& group = groups[from + i];
      emit_group(group, std::move(gathered[i]), emitter);
      for (auto* held : group.batches) {
        if (!lends) drop(*held);  // else others may want values of it
        held->marks = {};
      }
    }
  }
  emitter.flush();
}

}  // namespace flowrun::nodes
