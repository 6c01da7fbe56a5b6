// Groups: their keys, where they first appeared, and what the functions know of them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "nodes/kernels/key_encoder.h"
#include "nodes/kernels/key_table.h"
#include "nodes/transforms/aggregate_codes.h"
#include "nodes/transforms/aggregate_column.h"
#include "nodes/transforms/aggregate_plan.h"

namespace flowrun::nodes {

/// A batch as an aggregate sees it: its keys and the arguments of its functions.
struct AggregateRows {
  BatchRef keys;
  std::vector<ColumnRef> arguments;  ///< as in AggregatePlan::arguments
};

/// Evaluates a plan's expressions; rows that one of them has no value for are rejected. Any thread.
[[nodiscard]] AggregateRows aggregate_rows(const AggregatePlan& plan, const BatchRef& batch,
                                           Output& out);

/// Groups by number, from 0 on. Used by one thread at a time.
class AggregateGroups {
 public:
  explicit AggregateGroups(const AggregatePlan& plan);

  [[nodiscard]] std::size_t size() const { return groups_.size(); }
  void add(const AggregateRows& rows, KeyEncoder& encoder);
  /// Adds the group of no keys, without a row.
  void add_empty();
  /// Adds groups of `other`, which knows their keys by the same encoder.
  void merge(const AggregateGroups& other, std::span<const std::uint32_t> chosen);

  [[nodiscard]] const char* key(std::uint32_t group) const { return keys_.key(groups_[group].key); }
  [[nodiscard]] std::uint64_t hash(std::uint32_t group) const { return groups_[group].hash; }
  [[nodiscard]] std::uint64_t first_ordinal(std::uint32_t group) const {
    return keys_.entry(groups_[group].key).first_ordinal;
  }
  [[nodiscard]] AggregateColumn& column(std::size_t value) { return *columns_[value]; }
  [[nodiscard]] std::int64_t bytes() const;

 private:
  /// What lies beside a key.
  struct Entry {
    std::uint64_t first_ordinal = 0;
    std::uint32_t group = 0;
    std::uint32_t unused = 0;  ///< entries are whole words
  };
  struct Group {
    std::uint64_t hash;
    KeyTable<Entry>::Place key;
  };

  void find_groups(const Batch& keys, KeyEncoder& encoder, std::span<std::uint32_t> groups);
  void look_up(const Batch& keys, KeyEncoder& encoder, std::span<std::uint32_t> groups);
  /// The group of a key that was seen at `ordinal`.
  std::uint32_t find_or_add(std::uint64_t hash, std::string_view key, std::uint64_t ordinal);
  void note_ordinals(const Batch& keys, std::span<const std::uint32_t> groups);

  const AggregatePlan& plan_;
  KeyTable<Entry> keys_;
  std::vector<Group> groups_;
  std::uint64_t newest_first_ = 0;  ///< no group's first ordinal is above
  GroupsByCode by_code_;
  std::vector<AggregateColumnRef> columns_;
};

}  // namespace flowrun::nodes
