#include "nodes/transforms/aggregate_groups.h"

#include <algorithm>

#include "nodes/kernels/conditions.h"
#include "nodes/kernels/scratch.h"

namespace flowrun::nodes {
namespace {

constexpr std::size_t kAhead = 8;  // runs whose keys are brought into the cache in advance

/// The inputs' values for every row; rows that one has no value for are rejected.
std::vector<ColumnRef> evaluate(const std::vector<AggregateInput>& inputs, const Batch& batch,
                                FailedRows& failed, Output& out) {
  std::vector<ColumnRef> columns;
  for (const auto& input : inputs) {
    if (const auto column = input.expression.as_column()) {
      columns.push_back(batch.column_ref(*column));
      continue;
    }
    auto values = input.expression.evaluate(batch);
    failed.reject(input.expression, values.failures, input.column, out);
    columns.push_back(std::move(values.column));
  }
  return columns;
}

}  // namespace

AggregateRows aggregate_rows(const AggregatePlan& plan, const BatchRef& batch, Output& out) {
  if (batch->rows() == 0) return {};
  FailedRows failed(*batch);
  auto keys = std::make_shared<const Batch>(
      plan.key_schema, evaluate(plan.keys, *batch, failed, out), batch->rows(), batch->ordinals());
  auto arguments = evaluate(plan.arguments, *batch, failed, out);
  if (!failed.any()) return {std::move(keys), std::move(arguments)};
  const auto sound = failed.others();
  if (sound.empty()) return {};
  for (auto& argument : arguments) argument = take(*argument, sound);
  return {take(*keys, sound), std::move(arguments)};
}

AggregateGroups::AggregateGroups(const AggregatePlan& plan) : plan_(plan) {
  for (const auto& value : plan.values) columns_.push_back(make_aggregate_column(value));
}

void AggregateGroups::add(const AggregateRows& rows, KeyEncoder& encoder) {
  const auto& keys = *rows.keys;
  Scratch<std::uint32_t> groups(static_cast<std::size_t>(keys.rows()));
  find_groups(keys, encoder, {groups.data(), groups.size()});
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto argument = plan_.values[i].argument;
    columns_[i]->resize(groups_.size());
    columns_[i]->add({.groups = groups.first(groups.size()),
                      .values = argument ? rows.arguments[*argument].get() : nullptr,
                      .ordinals = &keys.ordinals()});
  }
}

/// By codes where that goes, else (and for codes that were not seen together before) by key.
void AggregateGroups::find_groups(const Batch& keys, KeyEncoder& encoder,
                                  std::span<std::uint32_t> groups) {
  const auto known = groups_.size();
  if (!by_code_.fits(keys)) {
    look_up(keys, encoder, groups);
  } else {
    Scratch<std::uint32_t> places(groups.size());
    by_code_.find_places(keys, {places.data(), places.size()});
    std::vector<std::uint32_t> unknown;
    for (std::size_t row = 0; row < groups.size(); ++row) {
      groups[row] = by_code_.group(places[row]);
      if (groups[row] == GroupsByCode::kUnknown) unknown.push_back(static_cast<std::uint32_t>(row));
    }
    if (!unknown.empty()) {
      const auto taken = take(keys, unknown);
      std::vector<std::uint32_t> found(unknown.size());
      look_up(*taken, encoder, found);
      for (std::size_t i = 0; i < unknown.size(); ++i) {
        groups[unknown[i]] = found[i];
        by_code_.set(places[unknown[i]], found[i]);
      }
    }
  }
  // Rows of a batch mostly follow on all that were before: then only groups that are new, which
  // know it, have their first row here.
  const auto& ordinals = keys.ordinals();
  if (ordinals.values || ordinals.first < newest_first_) note_ordinals(keys, groups);
  for (auto group = known; group < groups_.size(); ++group) {
    newest_first_ = std::max(newest_first_, first_ordinal(static_cast<std::uint32_t>(group)));
  }
}

void AggregateGroups::look_up(const Batch& keys, KeyEncoder& encoder,
                              std::span<std::uint32_t> groups) {
  const auto runs = encoder.encode(keys);
  for (std::size_t run = 0; run < runs.count; ++run) {
    if (run + 2 * kAhead < runs.count) keys_.prefetch_slot(runs.hashes[run + 2 * kAhead]);
    if (run + kAhead < runs.count) keys_.prefetch_record(runs.hashes[run + kAhead]);
    const auto from = runs.starts[run];
    const auto group = find_or_add(runs.hashes[run], runs.key(run), keys.ordinal(from));
    std::fill(groups.begin() + from, groups.begin() + runs.starts[run + 1], group);
  }
}

std::uint32_t AggregateGroups::find_or_add(std::uint64_t hash, std::string_view key,
                                           std::uint64_t ordinal) {
  const Entry fresh{.first_ordinal = ordinal, .group = static_cast<std::uint32_t>(groups_.size())};
  const auto [entry, is_new] = keys_.find_or_add(hash, key, fresh);
  if (is_new) {
    groups_.push_back({hash, keys_.newest()});
  } else {
    entry->first_ordinal = std::min(entry->first_ordinal, ordinal);
  }
  return entry->group;
}

void AggregateGroups::note_ordinals(const Batch& keys, std::span<const std::uint32_t> groups) {
  for (std::size_t row = 0; row < groups.size(); ++row) {
    auto& first = keys_.entry(groups_[groups[row]].key).first_ordinal;
    first = std::min(first, keys.ordinal(static_cast<std::int64_t>(row)));
  }
}

void AggregateGroups::add_empty() {
  find_or_add(0, {}, 0);
  for (auto& column : columns_) column->resize(groups_.size());
}

void AggregateGroups::merge(const AggregateGroups& other, std::span<const std::uint32_t> chosen) {
  std::vector<GroupMove> moves(chosen.size());
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (i + 2 * kAhead < chosen.size()) keys_.prefetch_slot(other.hash(chosen[i + 2 * kAhead]));
    if (i + kAhead < chosen.size()) keys_.prefetch_record(other.hash(chosen[i + kAhead]));
    const auto& from = other.groups_[chosen[i]];
    moves[i] = {chosen[i], find_or_add(from.hash, other.keys_.key_bytes(from.key),
                                       other.first_ordinal(chosen[i]))};
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    columns_[i]->resize(groups_.size());
    columns_[i]->merge(*other.columns_[i], moves);
  }
}

std::int64_t AggregateGroups::bytes() const {
  auto total = keys_.bytes() + bytes_in(groups_) + by_code_.bytes();
  for (const auto& column : columns_) total += column->bytes();
  return total;
}

}  // namespace flowrun::nodes
