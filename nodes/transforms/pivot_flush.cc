#include "nodes/transforms/pivot_flush.h"

#include <algorithm>

#include "engine/core/json.h"
#include "engine/data/builder.h"
#include "engine/data/text.h"

namespace flowrun::nodes {
namespace {

/// Rows whose words and validity bits fill a batch: the block stays in a core's second-level cache
/// while its rows are scattered over it, however many columns there are.
std::size_t rows_of_block(const PivotPlan& plan) {
  const auto bytes = 16 * plan.index.size() + 9 * plan.columns.size() + 8;
  const auto rows = static_cast<std::size_t>(kMaxBatchBytes) / bytes / 64 * 64;
  return std::clamp<std::size_t>(rows, 64, static_cast<std::size_t>(kMaxBatchRows));
}

/// A column of `rows` words from a block, in the layout of its type. Validity is set by the caller.
ColumnParts parts_from_words(Type type, const std::shared_ptr<Buffer>& block,
                             const std::uint64_t* words, std::size_t rows) {
  ColumnParts parts{.type = type, .length = static_cast<std::int64_t>(rows)};
  if (type.width() == 8) {
    parts.values = Buffer::wrap(words, rows * sizeof(std::uint64_t), block);
  } else if (type.width() == 4) {
    auto values = Buffer::allocate(rows * sizeof(std::int32_t));
    for (std::size_t row = 0; row < rows; ++row) {
      values->mutable_as<std::int32_t>()[row] = static_cast<std::int32_t>(words[row]);
    }
    parts.values = std::move(values);
  } else {
    auto values = Buffer::allocate(bytes_for_bits(parts.length));
    std::memset(values->mutable_data(), 0, values->size());
    for (std::size_t row = 0; row < rows; ++row) {
      if (words[row] != 0) set_bit(values->mutable_data(), static_cast<std::int64_t>(row), true);
    }
    parts.values = std::move(values);
  }
  return parts;
}

void append_bytes(ColumnBuilder& builder, std::uint64_t word) {
  const auto bytes = bytes_of(word);
  if (builder.type().is_text()) return builder.append_text(bytes);
  Int128 value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  builder.append_decimal(value);
}

/// One cell as a column of one row.
ColumnRef single(Type type, std::uint64_t word) {
  if (is_word(type)) {
    auto block = Buffer::allocate(sizeof word);
    std::memcpy(block->mutable_data(), &word, sizeof word);
    return std::make_shared<const Column>(
        parts_from_words(type, block, block->as<std::uint64_t>(), 1));
  }
  ColumnBuilder builder(type);
  append_bytes(builder, word);
  return builder.finish();
}

}  // namespace

PivotFlush::PivotFlush(const PivotPlan& plan, KeyEncoder& keys, PivotShards& shards, Output& out)
    : plan_(plan),
      keys_(keys),
      shards_(shards),
      out_(out),
      fold_(plan),
      stride_(rows_of_block(plan)) {
  keys_.end_encoding();
  rows_ = rows_in_order();
}

std::vector<Placed> PivotFlush::rows_in_order() const {
  std::vector<Placed> rows;
  std::size_t total = 0;
  for (const auto& shard : shards_) total += shard.keys.size();
  rows.reserve(total);
  for (std::uint32_t s = 0; s < kShards; ++s) {
    const auto& keys = shards_[s].keys;
    keys.for_each([&](auto place) { rows.push_back({keys.entry(place).first_ordinal, s, place}); });
  }
  sort_by_ordinal(rows);
  return rows;
}

bool PivotFlush::emit_next() {
  if (done_ == rows_.size()) return false;
  done_ += emit_batch(std::span(rows_).subspan(done_));
  fold_.forget_results();
  return true;
}

void PivotFlush::trace_runs(std::span<const Placed> rows) {
  const auto lanes = std::min(rows.size(), kLanes);
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    shards_[rows[lane].shard].keys.prefetch(rows[lane].id);
    traces_[lane].clear();
  }
  std::array<std::uint32_t, kLanes> next{};
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    const auto& shard = shards_[rows[lane].shard];
    next[lane] = shard.keys.entry(rows[lane].id).last_run;
    shard.log.prefetch(next[lane]);
  }
  for (bool any = true; any;) {
    any = false;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      if (next[lane] == CellLog::kNone) continue;
      const auto& log = shards_[rows[lane].shard].log;
      traces_[lane].push_back(next[lane]);
      next[lane] = log.previous(next[lane]);
      log.prefetch(next[lane]);
      any = true;
    }
  }
}

void PivotFlush::fold_row(const Placed& place, std::size_t lane, std::size_t row) {
  fold_.fold(shards_[place.shard].log, traces_[lane]);
  auto* words = words_->mutable_as<std::uint64_t>() + row;
  auto* bits = bits_->mutable_data() + row / 8;
  const auto bit = static_cast<std::uint8_t>(1U << (row % 8));
  for (const auto column : fold_.columns()) {
    const auto word = fold_.word(column);
    words[column * stride_] = word;
    auto& byte = bits[column * (stride_ / 8)];
    byte = static_cast<std::uint8_t>(byte | bit);
    if (!is_word(plan_.columns[column].out))
      text_bytes_ += static_cast<std::int64_t>(bytes_of(word).size());
  }
  if (!fold_.refused().empty()) reject_refused(place);
}

std::size_t PivotFlush::emit_batch(std::span<const Placed> rows) {
  const auto columns = plan_.columns.size();
  words_ = Buffer::allocate(columns * stride_ * sizeof(std::uint64_t));
  bits_ = Buffer::allocate(columns * stride_ / 8);
  std::memset(words_->mutable_data(), 0, words_->size());
  std::memset(bits_->mutable_data(), 0, bits_->size());
  text_bytes_ = 0;
  std::vector<const char*> keys;
  auto ordinals = Buffer::allocate(stride_ * sizeof(std::uint64_t));
  std::size_t count = 0;
  for (; count < std::min(rows.size(), stride_) && text_bytes_ < kMaxBatchBytes; ++count) {
    if (count % kLanes == 0) trace_runs(rows.subspan(count));
    fold_row(rows[count], count % kLanes, count);
    keys.push_back(shards_[rows[count].shard].keys.key(rows[count].id));
    ordinals->mutable_as<std::uint64_t>()[count] = rows[count].ordinal;
  }
  ordinals->set_size(count * sizeof(std::uint64_t));
  std::vector<ColumnRef> made;
  for (std::size_t k = 0; k < keys_.columns(); ++k) made.push_back(keys_.decode(k, keys));
  for (std::size_t column = 0; column < columns; ++column) made.push_back(column_of(column, count));
  const auto length = static_cast<std::int64_t>(count);
  out_.emit(0, std::make_shared<const Batch>(plan_.output, std::move(made), length,
                                             Ordinals{.values = std::move(ordinals)}));
  out_.made(length);
  return count;
}

ColumnRef PivotFlush::column_of(std::size_t column, std::size_t rows) {
  const auto type = plan_.columns[column].out;
  const auto length = static_cast<std::int64_t>(rows);
  const auto* words = words_->as<std::uint64_t>() + column * stride_;
  const auto* bits = bits_->data() + column * (stride_ / 8);
  if (!is_word(type)) {
    ColumnBuilder builder(type);
    builder.reserve(length);
    for (std::size_t row = 0; row < rows; ++row) {
      get_bit(bits, static_cast<std::int64_t>(row)) ? append_bytes(builder, words[row])
                                                    : builder.append_null();
    }
    return builder.finish();
  }
  auto parts = parts_from_words(type, words_, words, rows);
  parts.null_count = length - count_bits(bits, 0, length);
  if (parts.null_count != 0) parts.validity = Buffer::wrap(bits, bytes_for_bits(length), bits_);
  return std::make_shared<const Column>(std::move(parts));
}

/// Rejects values that add() had absorbed: they are counted back.
void PivotFlush::reject_refused(const Placed& place) {
  const char* const key = shards_[place.shard].keys.key(place.id);
  for (const auto& cell : fold_.refused()) {
    const auto& column = plan_.columns[cell.column];
    const auto value = single(column.cell, cell.word);
    const auto& name = plan_.output->field(plan_.index.size() + cell.column).name;
    std::string record = "{";
    for (std::size_t k = 0; k < keys_.columns(); ++k) {
      append_json_string(record, plan_.output->field(k).name);
      record += ':';
      append_json_value(record, *keys_.decode(k, {&key, 1}), 0);
      record += ',';
    }
    append_json_string(record, name);
    record += ':';
    append_json_value(record, *value, 0);
    out_.reject({.reason = plan_.on_duplicate == OnDuplicate::error ? "the cell has a value already"
                                                                    : "the sum leaves its range",
                 .column = name,
                 .value = text_of(*value, 0),
                 .record = record + "}",
                 .ordinal = cell.ordinal});
  }
  out_.absorbed(-static_cast<std::int64_t>(fold_.refused().size()));
}

}  // namespace flowrun::nodes
