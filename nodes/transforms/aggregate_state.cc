#include "nodes/transforms/aggregate_state.h"

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "nodes/kernels/shards.h"
#include "nodes/transforms/aggregate_flush.h"
#include "nodes/transforms/aggregate_groups.h"

namespace flowrun::nodes {
namespace {

// Beyond these a thread's own groups are joined with those of the others.
constexpr std::size_t kMostOwnGroups = std::size_t{1} << 16U;
// As many where nearly every row has a group of its own: what cannot grow smaller may as well stay
// in the cache.
constexpr std::size_t kFewOwnGroups = std::size_t{1} << 13U;
constexpr std::int64_t kMostOwnBytes = std::int64_t{32} << 20U;

/// Each thread adds to groups of its own, which stay in its cache; they are joined by key when they
/// have become many, and at the end.
class AggregateState final : public AccumulatorState {
 public:
  explicit AggregateState(std::shared_ptr<const AggregatePlan> plan)
      : plan_(std::move(plan)), keys_(*plan_->key_schema, all_columns(*plan_->key_schema)) {}
  void add(const BatchRef& batch, Output& out) override;
  void finish(Output& out) override;
  [[nodiscard]] std::int64_t memory() const override {
    return bytes_.load(std::memory_order_relaxed) + keys_.bytes();
  }

 private:
  /// Groups and the bytes that were reported for them.
  struct Counted {
    explicit Counted(const AggregatePlan& plan) : groups(plan) {}
    AggregateGroups groups;
    std::int64_t bytes = 0;
    std::size_t rows = 0;
  };
  struct Shard {
    std::mutex mutex;
    std::optional<Counted> joined;  ///< made when it is needed: many units have few groups
  };

  static std::vector<std::size_t> all_columns(const Schema& schema) {
    std::vector<std::size_t> columns(schema.size());
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = i;
    return columns;
  }
  [[nodiscard]] std::unique_ptr<Counted> take_own();
  void give_back(std::unique_ptr<Counted> own);
  void join(Counted& own);
  void count(Counted& groups);

  std::shared_ptr<const AggregatePlan> plan_;
  KeyEncoder keys_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Counted>> idle_;  ///< groups that no thread is at
  std::array<Shard, kShards> shards_;
  std::atomic<std::int64_t> bytes_ = 0;
  std::atomic<std::size_t> most_own_groups_ = kMostOwnGroups;
  std::atomic<std::size_t> next_shard_ = 0;
};

void AggregateState::add(const BatchRef& batch, Output& out) {
  const auto rows = aggregate_rows(*plan_, batch, out);
  if (!rows.keys) return;
  out.absorbed(rows.keys->rows());
  auto own = take_own();
  own->groups.add(rows, keys_);
  count(*own);
  own->rows += static_cast<std::size_t>(rows.keys->rows());
  if (own->groups.size() > most_own_groups_.load(std::memory_order_relaxed) ||
      own->bytes > kMostOwnBytes) {
    const bool is_worth_it = own->rows > 2 * own->groups.size();
    most_own_groups_.store(is_worth_it ? kMostOwnGroups : kFewOwnGroups, std::memory_order_relaxed);
    join(*own);
    bytes_.fetch_sub(own->bytes, std::memory_order_relaxed);
  } else {
    give_back(std::move(own));
  }
}

std::unique_ptr<AggregateState::Counted> AggregateState::take_own() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<Counted>(*plan_);
  auto own = std::move(idle_.back());
  idle_.pop_back();
  return own;
}

void AggregateState::give_back(std::unique_ptr<Counted> own) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(own));
}

void AggregateState::count(Counted& groups) {
  const auto bytes = groups.groups.bytes();
  bytes_.fetch_add(bytes - std::exchange(groups.bytes, bytes), std::memory_order_relaxed);
}

/// Adds a thread's groups to those of all.
void AggregateState::join(Counted& own) {
  std::array<std::vector<std::uint32_t>, kShards> chosen;
  for (std::uint32_t group = 0; group < own.groups.size(); ++group) {
    chosen[shard_of(own.groups.hash(group))].push_back(group);
  }
  for_each_shard(next_shard_.fetch_add(1, std::memory_order_relaxed), [&](std::size_t s) {
    if (chosen[s].empty()) return;
    auto& shard = shards_[s];
    const std::lock_guard lock(shard.mutex);
    if (!shard.joined) shard.joined.emplace(*plan_);
    shard.joined->groups.merge(own.groups, chosen[s]);
    count(*shard.joined);
  });
}

void AggregateState::finish(Output& out) {
  for (auto& own : std::exchange(idle_, {})) {
    join(*own);
    bytes_.fetch_sub(own->bytes, std::memory_order_relaxed);
    own = nullptr;
  }
  GroupShards groups{};
  bool any = false;
  for (std::size_t s = 0; s < kShards; ++s) {
    auto& joined = shards_[s].joined;
    if (!joined) joined.emplace(*plan_);
    groups[s] = &joined->groups;
    any = any || groups[s]->size() != 0;
  }
  if (!any && plan_->keys.empty()) groups[0]->add_empty();
  AggregateFlush(*plan_, keys_, groups, out).emit();
  for (auto& shard : shards_) shard.joined.reset();
  bytes_.store(0, std::memory_order_relaxed);
}

}  // namespace

std::unique_ptr<AccumulatorState> make_aggregate_state(std::shared_ptr<const AggregatePlan> plan) {
  return std::make_unique<AggregateState>(std::move(plan));
}

}  // namespace flowrun::nodes
