// Rules about all rows of a unit together: how many, none twice, how new.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <tuple>

#include "engine/core/text_table.h"
#include "engine/data/text.h"
#include "nodes/kernels/key_encoder.h"
#include "nodes/kernels/key_table.h"
#include "nodes/kernels/moments.h"
#include "nodes/kernels/shards.h"
#include "nodes/transforms/check_rules.h"

namespace flowrun::nodes {
namespace {

/// Makes tallies of one kind from what is known when the rule is bound.
template <typename Tally, typename... Known>
class TestOf final : public TableTest {
 public:
  explicit TestOf(Known... known) : known_(std::move(known)...) {}
  std::unique_ptr<TableTally> begin() const override {
    return std::apply([](const Known&... known) { return std::make_unique<Tally>(known...); },
                      known_);
  }

 private:
  std::tuple<Known...> known_;
};

class RowCountTally final : public TableTally {
 public:
  RowCountTally(std::optional<std::int64_t> least, std::optional<std::int64_t> most)
      : least_(least), most_(most) {}

  void add(const Batch&) override {}
  void judge(CheckResult& result) override {
    const auto rows = result.rows;
    result.passed = (!least_ || rows >= *least_) && (!most_ || rows <= *most_);
    if (result.passed) return;
    const auto wanted = !most_            ? fmt::format("at least {}", *least_)
                        : !least_         ? fmt::format("at most {}", *most_)
                        : least_ == most_ ? fmt::format("{}", *least_)
                                          : fmt::format("{} to {}", *least_, *most_);
    result.detail = fmt::format("{} {}, wanted {}", rows, rows == 1 ? "row" : "rows", wanted);
  }

 private:
  std::optional<std::int64_t> least_;
  std::optional<std::int64_t> most_;
};

class FreshnessTally final : public TableTally {
 public:
  FreshnessTally(std::size_t column, std::string name, Type type, Micros least)
      : column_(column), name_(std::move(name)), type_(type), least_(least) {}

  void add(const Batch& batch) override {
    const auto& column = batch.column(column_);
    auto newest = kNone;
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      if (column.is_valid(row)) newest = std::max(newest, moment_of(column, row));
    }
    auto known = newest_.load();
    while (newest > known && !newest_.compare_exchange_weak(known, newest)) {
    }
  }
  void judge(CheckResult& result) override {
    const auto newest = newest_.load();
    result.passed = newest >= least_ && newest != kNone;
    if (result.passed) return;
    result.detail = newest == kNone
                        ? fmt::format("no row has a {}, wanted {} or later", name_, shown(least_))
                        : fmt::format("the newest {} is {}, wanted {} or later", name_,
                                      shown(newest), shown(least_));
  }

 private:
  static constexpr Micros kNone = INT64_MIN;
  [[nodiscard]] std::string shown(Micros moment) const {
    return type_.id == TypeId::timestamptz ? format_timestamptz(moment) : format_timestamp(moment);
  }

  std::size_t column_;
  std::string name_;
  Type type_;
  Micros least_;
  std::atomic<Micros> newest_ = kNone;
};

/// The first two rows of a key: the second of them is the first that breaks the rule.
struct FirstTwo {
  std::uint64_t first = UINT64_MAX;
  std::uint64_t second = UINT64_MAX;

  void add(std::uint64_t ordinal) {
    second = std::min(second, std::max(first, ordinal));
    first = std::min(first, ordinal);
  }
};

class UniqueTally final : public TableTally {
 public:
  UniqueTally(const SchemaRef& schema, std::vector<std::size_t> columns)
      : schema_(schema), columns_(std::move(columns)), keys_(*schema, columns_) {}

  void add(const Batch& batch) override;
  void judge(CheckResult& result) override;
  std::int64_t memory() const override {
    return bytes_.load(std::memory_order_relaxed) + keys_.bytes();
  }

 private:
  struct Shard {
    std::mutex mutex;
    KeyTable<FirstTwo> keys;
    std::int64_t further = 0;  ///< rows whose key another row has, too
    std::int64_t counted = 0;
  };

  void add_runs(const Batch& batch);
  [[nodiscard]] std::string shown(const char* key) const;

  SchemaRef schema_;
  std::vector<std::size_t> columns_;
  KeyEncoder keys_;
  std::array<Shard, kShards> shards_;
  std::atomic<std::int64_t> bytes_ = 0;
  std::atomic<std::size_t> next_shard_ = 0;
};

void UniqueTally::add(const Batch& batch) {
  const bool has_nulls = std::any_of(columns_.begin(), columns_.end(), [&](std::size_t column) {
    return batch.column(column).has_nulls();
  });
  if (!has_nulls) return add_runs(batch);
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; row < batch.rows(); ++row) {
    const bool whole = std::all_of(columns_.begin(), columns_.end(), [&](std::size_t column) {
      return batch.column(column).is_valid(row);
    });
    if (whole) rows.push_back(row);
  }
  if (!rows.empty()) add_runs(*take(batch, rows));
}

void UniqueTally::add_runs(const Batch& batch) {
  const auto runs = keys_.encode(batch);
  const RunsByShard by_shard(runs);
  for_each_shard(next_shard_.fetch_add(1, std::memory_order_relaxed), [&](std::size_t s) {
    const auto chosen = by_shard.of(s);
    if (chosen.empty()) return;
    auto& shard = shards_[s];
    const std::lock_guard lock(shard.mutex);
    for (const auto run : chosen) {
      const auto [rows, is_new] = shard.keys.find_or_add(runs.hashes[run], runs.key(run), {});
      const auto count = runs.starts[run + 1] - runs.starts[run];
      for (auto row = runs.starts[run]; row < runs.starts[run + 1]; ++row) {
        rows->add(batch.ordinal(row));
      }
      shard.further += count - (is_new ? 1 : 0);
    }
    const auto bytes = shard.keys.bytes();
    bytes_.fetch_add(bytes - std::exchange(shard.counted, bytes), std::memory_order_relaxed);
  });
}

std::string UniqueTally::shown(const char* key) const {
  std::string text;
  for (std::size_t k = 0; k < columns_.size(); ++k) {
    const auto value = text_of(*keys_.decode(k, {&key, 1}), 0);
    constexpr std::size_t kValueWidth = 64;
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", schema_->field(columns_[k]).name,
                        one_line(value, kValueWidth));
  }
  return text;
}

void UniqueTally::judge(CheckResult& result) {
  keys_.end_encoding();
  std::uint64_t first = UINT64_MAX;
  std::vector<const char*> culprits;  // several where rows were made of one row
  for (const auto& shard : shards_) {
    result.failed += shard.further;
    shard.keys.for_each([&](auto place) {
      const auto second = shard.keys.entry(place).second;
      if (second > first || second == UINT64_MAX) return;
      if (second < first) culprits.clear();
      first = second;
      culprits.push_back(shard.keys.key(place));
    });
  }
  result.passed = result.failed == 0;
  if (result.passed) return;
  std::vector<std::string> texts;
  for (const auto* key : culprits) texts.push_back(shown(key));
  result.first = first;
  result.detail =
      fmt::format("{} of {} rows have the key of an earlier one, the first with {}", result.failed,
                  result.rows, *std::min_element(texts.begin(), texts.end()));
}

}  // namespace

std::unique_ptr<TableTest> row_count_test(std::optional<std::int64_t> least,
                                          std::optional<std::int64_t> most) {
  using Test = TestOf<RowCountTally, std::optional<std::int64_t>, std::optional<std::int64_t>>;
  return std::make_unique<Test>(least, most);
}

std::unique_ptr<TableTest> unique_test(SchemaRef schema, std::vector<std::size_t> columns) {
  using Test = TestOf<UniqueTally, SchemaRef, std::vector<std::size_t>>;
  return std::make_unique<Test>(std::move(schema), std::move(columns));
}

std::unique_ptr<TableTest> freshness_test(const Schema& schema, std::size_t column, Micros least) {
  using Test = TestOf<FreshnessTally, std::size_t, std::string, Type, Micros>;
  const auto& field = schema.field(column);
  return std::make_unique<Test>(column, field.name, field.type, least);
}

}  // namespace flowrun::nodes
