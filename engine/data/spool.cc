#include "engine/data/spool.h"

#include <algorithm>
#include <numeric>
#include <queue>
#include <utility>

#include "engine/core/error.h"
#include "engine/data/builder.h"

namespace flowrun {
BatchRef sorted_by_ordinal(BatchRef batch) {
  if (!batch->ordinals().values) return batch;
  const auto* ordinals = batch->ordinals().values->as<std::uint64_t>() + batch->ordinals().offset;
  if (std::is_sorted(ordinals, ordinals + batch->rows())) return batch;
  std::vector<std::uint32_t> rows(static_cast<std::size_t>(batch->rows()));
  std::iota(rows.begin(), rows.end(), 0U);
  std::stable_sort(rows.begin(), rows.end(),
                   [&](auto a, auto b) { return ordinals[a] < ordinals[b]; });
  return take(*batch, rows);
}

int compare_rows(const Batch& x, std::int64_t a, const Batch& y, std::int64_t b) {
  for (std::size_t i = 0; i < x.columns().size(); ++i) {
    const auto& left = x.column(i);
    const auto& right = y.column(i);
    const bool valid = left.is_valid(a);
    if (valid != right.is_valid(b)) return valid ? 1 : -1;
    if (!valid) continue;
    if (const int order = compare_at(left, a, right, b); order != 0) return order;
  }
  return 0;
}

/// Merges runs row by row with one batch of each in hand.
class SpoolMerge {
 public:
  SpoolMerge(const Spool& spool, std::span<const Spool::Run> runs,
             const std::function<void(const BatchRef&)>& visit)
      : spool_(spool), visit_(visit), builder_(spool.schema_) {
    for (const auto& run : runs) push({.run = &run});
  }

  void run() {
    while (!heads_.empty()) {
      auto cursor = heads_.top();
      heads_.pop();
      if (cursor.row == 0 && (heads_.empty() || cursor.last() < heads_.top().ordinal())) {
        flush();
        visit_(cursor.batch);
        cursor.row = cursor.batch->rows();
      }
      while (cursor.row < cursor.batch->rows() && (heads_.empty() || !(cursor > heads_.top()))) {
        builder_.append_from(*cursor.batch, cursor.row++);
        if (builder_.full()) flush();
      }
      push(std::move(cursor));
    }
    flush();
  }

 private:
  struct Cursor {
    const Spool::Run* run;
    std::size_t entry = 0;
    BatchRef batch;
    std::int64_t row = 0;

    [[nodiscard]] std::uint64_t ordinal() const { return batch->ordinal(row); }
    [[nodiscard]] std::uint64_t last() const { return (*run)[entry - 1].last; }
    /// Rows with the same ordinal are compared as the groups that they are, so that which batch
    /// came first never counts.
    friend bool operator>(const Cursor& a, const Cursor& b) {
      const auto ordinal = a.ordinal();
      if (ordinal != b.ordinal()) return ordinal > b.ordinal();
      for (std::int64_t i = 0;; ++i) {
        const bool more = a.has(i, ordinal);
        if (!more || !b.has(i, ordinal)) return more;
        const int order = compare_rows(*a.batch, a.row + i, *b.batch, b.row + i);
        if (order != 0) return order > 0;
      }
    }
    [[nodiscard]] bool has(std::int64_t ahead, std::uint64_t ordinal) const {
      return row + ahead < batch->rows() && batch->ordinal(row + ahead) == ordinal;
    }
  };

  /// Puts a cursor back, at its run's next batch where its own has ended.
  void push(Cursor cursor) {
    if (!cursor.batch || cursor.row == cursor.batch->rows()) {
      if (cursor.entry == cursor.run->size()) return;
      cursor.batch = spool_.load((*cursor.run)[cursor.entry++]);
      cursor.row = 0;
    }
    heads_.push(std::move(cursor));
  }

  void flush() {
    if (builder_.rows() != 0) visit_(builder_.finish());
  }

  const Spool& spool_;
  const std::function<void(const BatchRef&)>& visit_;
  BatchBuilder builder_;
  std::priority_queue<Cursor, std::vector<Cursor>, std::greater<>> heads_;
};

Spool::Spool(std::int64_t memory_limit, std::string directory)
    : memory_limit_(memory_limit), directory_(std::move(directory)) {}

void Spool::add(BatchRef batch) {
  if (batch->rows() == 0) return;
  if (!schema_) schema_ = batch->schema_ref();
  if (!(*schema_ == batch->schema())) bug("a spool takes batches of two schemas");
  batch = sorted_by_ordinal(std::move(batch));
  rows_ += batch->rows();
  if (memory_ + batch->bytes() > memory_limit_) {
    entries_.push_back(spill(*batch));
    return;
  }
  memory_ += batch->bytes();
  const auto first = batch->ordinal(0);
  const auto last = batch->ordinal(batch->rows() - 1);
  entries_.push_back({.first = first, .last = last, .batch = std::move(batch)});
}

Spool::Entry Spool::spill(const Batch& batch) {
  const auto block = batch_to_bytes(batch, dictionaries_);
  if (!file_.is_open()) file_ = open_unlinked(directory_);
  write_at(file_.fd(), {block->as<char>(), block->size()}, spilled_,
           "a scratch file in " + directory_);
  const Entry entry{.first = batch.ordinal(0),
                    .last = batch.ordinal(batch.rows() - 1),
                    .batch = nullptr,
                    .offset = spilled_,
                    .size = static_cast<std::int64_t>(block->size())};
  spilled_ += entry.size;
  return entry;
}

BatchRef Spool::load(const Entry& entry) const {
  if (entry.batch) return entry.batch;
  auto block = Buffer::allocate(static_cast<std::size_t>(entry.size));
  read_at(file_.fd(), {block->mutable_as<char>(), block->size()}, entry.offset,
          "a scratch file in " + directory_);
  return batch_from_bytes(schema_, std::move(block), dictionaries_);
}

/// Shares entries out among as few runs as can be: each goes to the run that ended first, if it
/// ended before.
std::vector<Spool::Run> Spool::runs() const {
  auto entries = entries_;
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.first, a.last) < std::pair(b.first, b.last);
  });
  using End = std::pair<std::uint64_t, std::size_t>;  // last ordinal, run
  std::priority_queue<End, std::vector<End>, std::greater<>> ends;
  std::vector<Run> runs;
  for (auto& entry : entries) {
    std::size_t run = runs.size();
    if (!ends.empty() && ends.top().first < entry.first) {
      run = ends.top().second;
      ends.pop();
    } else {
      runs.emplace_back();
    }
    ends.emplace(entry.last, run);
    runs[run].push_back(std::move(entry));
  }
  return runs;
}

/// Merges `fan_in` runs at a time into one that lies in the file.
std::vector<Spool::Run> Spool::merge_some(std::span<const Run> runs, std::size_t fan_in) {
  std::vector<Run> merged;
  for (std::size_t i = 0; i < runs.size(); i += fan_in) {
    auto& out = merged.emplace_back();
    const std::function<void(const BatchRef&)> keep = [&](const BatchRef& batch) {
      out.push_back(spill(*batch));
    };
    SpoolMerge(*this, runs.subspan(i, std::min(fan_in, runs.size() - i)), keep).run();
  }
  return merged;
}

void Spool::for_each(const std::function<void(const BatchRef&)>& visit) {
  if (entries_.empty()) return;
  const auto spilled = spilled_;
  const auto fan_in =
      static_cast<std::size_t>(std::max<std::int64_t>(2, memory_limit_ / kMaxBatchBytes));
  auto todo = runs();
  while (todo.size() > fan_in) todo = merge_some(todo, fan_in);
  SpoolMerge(*this, todo, visit).run();
  if (spilled_ == spilled) return;
  spilled_ = spilled;
  resize_file(file_.fd(), spilled_, "a scratch file in " + directory_);
}

}  // namespace flowrun
