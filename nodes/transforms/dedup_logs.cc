#include "nodes/transforms/dedup_logs.h"

#include <algorithm>

#include "nodes/kernels/scratch.h"

namespace flowrun::nodes {
namespace {

constexpr std::size_t kFewEntries = 4096;        // below, a log is not worth a look
constexpr std::size_t kManyEntries = 64 * 1024;  // above, threads would wait for each other at one

/// How many bits choose the part, and from how many bytes a log on there are to be more.
struct Level {
  unsigned bits;
  std::size_t split_at;
};
constexpr std::array<Level, 4> kLevels{
    {{0, 64U << 10U}, {4, 1U << 20U}, {9, 2U << 20U}, {13, SIZE_MAX}}};

const Level& level_of(unsigned bits) {
  return *std::find_if(kLevels.begin(), kLevels.end(),
                       [&](const Level& level) { return level.bits == bits; });
}

}  // namespace

/// The runs of a batch ordered by part.
class KeyLogs::ByPart {
 public:
  ByPart(const KeyRuns& runs, unsigned bits)
      : begin_((std::size_t{1} << bits) + 1), order_(runs.count) {
    const auto part_of = [&](std::size_t run) { return runs.hashes[run] >> 1U >> (63U - bits); };
    std::fill_n(begin_.data(), begin_.size(), 0);
    for (std::size_t i = 0; i < runs.count; ++i) ++begin_[part_of(i)];
    std::uint32_t end = 0;
    for (std::size_t part = 0; part < begin_.size(); ++part) {
      end += begin_[part];
      begin_[part] = end;
    }
    for (auto i = runs.count; i-- > 0;) {
      order_[--begin_[part_of(i)]] = static_cast<std::uint32_t>(i);
    }
  }
  [[nodiscard]] std::span<const std::uint32_t> of(std::size_t part) const {
    return {order_.data() + begin_[part], begin_[part + 1] - begin_[part]};
  }

 private:
  Scratch<std::uint32_t> begin_;
  Scratch<std::uint32_t> order_;
};

void KeyLogs::begin(const KeyForm& form) {
  std::call_once(begun_, [&] {
    form_ = form;
    parts_.emplace_back(form_, pool_).limit = kFewEntries;
    count_parts();
  });
}

std::int64_t KeyLogs::add(const KeyForm& form, const RunRows& rows) {
  begin(form);
  const ByPart by_part(*rows.runs, bits_);
  std::int64_t born = 0;
  std::vector<std::size_t> busy;
  const auto first = next_part_.fetch_add(parts_.size() / 3 + 1, std::memory_order_relaxed);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const auto p = (first + i) % parts_.size();
    const auto chosen = by_part.of(p);
    if (chosen.empty()) continue;
    const auto next = (p + 1) % parts_.size();
    parts_[next].log.prefetch_end(by_part.of(next).size());
    const std::unique_lock lock(parts_[p].mutex, std::try_to_lock);
    if (lock) {
      born += add_to(parts_[p], rows, chosen);
    } else {
      busy.push_back(p);  // somebody may be looking through it
    }
  }
  for (const auto p : busy) {
    const std::lock_guard lock(parts_[p].mutex);
    born += add_to(parts_[p], rows, by_part.of(p));
  }
  return born;
}

std::int64_t KeyLogs::add_to(Part& part, const RunRows& rows,
                             std::span<const std::uint32_t> chosen) {
  const auto counted = part.counted;
  part.log.append(*rows.runs, chosen, [&](std::uint32_t run) -> LoggedRow {
    const auto row = rows.rows[run];
    return {rows.ranks == nullptr ? 0 : rows.ranks[row], rows.batch | row};
  });
  part.counted += static_cast<std::int64_t>(chosen.size() * part.fresh / 256);
  if (part.log.entries() >= part.limit) look_through(part);
  return part.counted - counted;
}

void KeyLogs::look_through(Part& part) {
  const auto before = part.log.distinct();
  const auto added = part.log.entries() - before;
  part.log.compact(*ties_);
  const auto kept = part.log.entries();
  if (added != 0) part.fresh = static_cast<std::uint32_t>((kept - before) * 256 / added);
  part.counted = static_cast<std::int64_t>(kept);
  // Where hardly any key came twice, the next look can wait longer.
  part.limit = std::max(kFewEntries, kept * (part.fresh > 224 ? 4 : 2));
  if (part.log.repeats()) part.limit = 0;
  const auto index_bytes = static_cast<std::int64_t>(part.log.index_bytes());
  part_bytes_.fetch_add(index_bytes - std::exchange(part.index_bytes, index_bytes),
                        std::memory_order_relaxed);
  part.added += added;
  const bool is_busy = bits_ == 0 && part.added > kManyEntries;
  if (is_busy || part.log.bytes() > level_of(bits_).split_at) {
    wants_split_.store(true, std::memory_order_relaxed);
  }
}

std::int64_t KeyLogs::compact() {
  std::int64_t keys = 0;
  for (auto& part : parts_) {
    look_through(part);
    keys += part.counted;
  }
  return keys;
}

void KeyLogs::split() {
  wants_split_.store(false, std::memory_order_relaxed);
  const auto bits = (&level_of(bits_) + 1)->bits;
  const auto count = std::size_t{1} << (bits - bits_);
  std::deque<Part> parts;
  for (auto& part : parts_) {
    std::vector<KeyLog*> into;
    for (std::size_t i = 0; i < count; ++i) {
      auto& smaller = parts.emplace_back(form_, pool_);
      smaller.limit = std::max(kFewEntries, part.limit / count);
      smaller.fresh = part.fresh;
      smaller.counted = part.counted / static_cast<std::int64_t>(count);
      into.push_back(&smaller.log);
    }
    parts.back().counted += part.counted % static_cast<std::int64_t>(count);
    part.log.split(into, bits_);
  }
  parts_ = std::move(parts);
  bits_ = bits;
  count_parts();
}

void KeyLogs::clear() {
  parts_.clear();
  pool_.clear();
  count_parts();
}

void KeyLogs::count_parts() {
  part_bytes_.store(static_cast<std::int64_t>(parts_.size() * sizeof(Part)),
                    std::memory_order_relaxed);
}

}  // namespace flowrun::nodes
