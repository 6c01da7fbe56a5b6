#include "nodes/transforms/aggregate_flush.h"

#include <algorithm>
#include <numeric>

#include "engine/data/builder.h"

namespace flowrun::nodes {
namespace {

/// Orders the rows of key columns; null comes last.
bool is_before(const std::vector<ColumnRef>& keys, std::uint32_t a, std::uint32_t b) {
  for (const auto& key : keys) {
    if (key->is_valid(a) != key->is_valid(b)) return key->is_valid(a);
    const auto order = key->is_valid(a) ? compare_at(*key, a, *key, b) : 0;
    if (order != 0) return order < 0;
  }
  return false;
}

std::size_t rows_of_batch(const Schema& schema) {
  const auto rows = static_cast<std::size_t>(kMaxBatchBytes) / (16 * schema.size() + 8);
  return std::clamp<std::size_t>(rows, 64, static_cast<std::size_t>(kMaxBatchRows));
}

}  // namespace

AggregateFlush::AggregateFlush(const AggregatePlan& plan, KeyEncoder& keys, GroupShards shards,
                               Output& out)
    : plan_(plan), keys_(keys), shards_(shards), out_(out) {
  keys_.end_encoding();
}

void AggregateFlush::emit() {
  const auto rows = rows_in_order();
  for (std::size_t done = 0; done < rows.size();) done += emit_batch(std::span(rows).subspan(done));
}

std::vector<Placed> AggregateFlush::rows_in_order() const {
  std::vector<Placed> rows;
  for (std::uint32_t s = 0; s < kShards; ++s) {
    for (std::uint32_t group = 0; group < shards_[s]->size(); ++group) {
      rows.push_back({shards_[s]->first_ordinal(group), s, group});
    }
  }
  sort_by_ordinal(rows);
  for (std::size_t from = 0; from < rows.size();) {
    auto end = from + 1;
    while (end < rows.size() && rows[end].ordinal == rows[from].ordinal) ++end;
    if (end - from > 1) order_by_keys({rows.data() + from, end - from});
    from = end;
  }
  return rows;
}

void AggregateFlush::order_by_keys(std::span<Placed> rows) const {
  const auto keys = keys_of(rows);
  std::vector<std::uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return is_before(keys, a, b); });
  const std::vector<Placed> unordered(rows.begin(), rows.end());
  for (std::size_t i = 0; i < order.size(); ++i) rows[i] = unordered[order[i]];
}

std::vector<ColumnRef> AggregateFlush::keys_of(std::span<const Placed> rows) const {
  std::vector<const char*> keys;
  keys.reserve(rows.size());
  for (const auto& row : rows) keys.push_back(shards_[row.shard]->key(row.id));
  std::vector<ColumnRef> columns;
  for (std::size_t k = 0; k < keys_.columns(); ++k) columns.push_back(keys_.decode(k, keys));
  return columns;
}

std::size_t AggregateFlush::emit_batch(std::span<const Placed> rows) {
  rows = rows.first(std::min(rows.size(), rows_of_batch(*plan_.output)));
  std::vector<ColumnBuilder> builders;
  for (const auto& value : plan_.values) builders.emplace_back(value.out);
  std::vector<std::uint64_t> ordinals;
  std::vector<Refused> refused;
  std::int64_t bytes = 0;
  for (const auto& row : rows) {
    if (bytes >= kMaxBatchBytes) break;
    bytes = 0;
    bool sound = true;
    for (std::size_t i = 0; i < builders.size(); ++i) {
      auto problem = shards_[row.shard]->column(i).append(row.id, builders[i]);
      bytes += builders[i].bytes();
      if (!problem || !std::exchange(sound, false)) continue;
      refused.push_back({static_cast<std::uint32_t>(ordinals.size()),
                         plan_.output->field(plan_.keys.size() + i).name, std::move(*problem)});
    }
    ordinals.push_back(row.ordinal);
  }
  const auto count = ordinals.size();
  auto columns = keys_of(rows.first(count));
  for (auto& builder : builders) columns.push_back(builder.finish());
  auto values = Buffer::allocate(count * sizeof(std::uint64_t));
  std::copy(ordinals.begin(), ordinals.end(), values->mutable_as<std::uint64_t>());
  emit_sound(std::make_shared<const Batch>(plan_.output, std::move(columns),
                                           static_cast<std::int64_t>(count),
                                           Ordinals{.values = std::move(values)}),
             std::move(refused));
  return count;
}

/// A group's rows were absorbed, all of them; the reject stands for one.
void AggregateFlush::emit_sound(BatchRef batch, std::vector<Refused> refused) {
  if (!refused.empty()) {
    std::vector<std::uint32_t> sound;
    auto next = refused.begin();
    for (std::uint32_t row = 0; row < batch->rows(); ++row) {
      if (next == refused.end() || next->row != row) {
        sound.push_back(row);
        continue;
      }
      out_.reject({.reason = std::move(next->problem.reason),
                   .column = std::move(next->column),
                   .value = std::move(next->problem.value),
                   .record = record_of(*batch, row),
                   .ordinal = batch->ordinal(row)});
      ++next;
    }
    out_.absorbed(-static_cast<std::int64_t>(refused.size()));
    if (sound.empty()) return;
    batch = take(*batch, sound);
  }
  out_.made(batch->rows());
  out_.emit(0, std::move(batch));
}

}  // namespace flowrun::nodes
