#include "nodes/transforms/dedup_rows.h"

#include <algorithm>
#include <bit>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "nodes/transforms/dedup_emit.h"

namespace flowrun::nodes {
namespace {

constexpr std::int64_t kFewRows = 8 * kMaxBatchRows;  // below, dead rows do no harm
constexpr std::size_t kPiece = 16;                    // batches that a thread does at a time

}  // namespace

HeldBatch& HeldBatches::operator[](std::size_t number) const {
  const auto chunk = static_cast<std::size_t>(std::bit_width(number / kFirstChunk + 1) - 1);
  return chunks_[chunk][number - ((std::size_t{1} << chunk) - 1) * kFirstChunk];
}

HeldBatch& HeldBatches::add(BatchRef batch) {
  rows_.fetch_add(batch->rows(), std::memory_order_relaxed);
  bytes_.fetch_add(batch->bytes(), std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  const auto chunk = static_cast<std::size_t>(std::bit_width(count_ / kFirstChunk + 1) - 1);
  if (chunk == kChunks || count_ > UINT32_MAX) {
    throw Error(Errc::limit, "more batches than one unit can hold");
  }
  if (!chunks_[chunk]) chunks_[chunk] = std::make_unique<HeldBatch[]>(kFirstChunk << chunk);
  auto& held = (*this)[count_];
  held.set(std::move(batch));
  held.number = static_cast<std::uint32_t>(count_++);
  return held;
}

bool HeldBatches::is_wasteful() const {
  return rows() > kFewRows && rows() > 2 * live_.load(std::memory_order_relaxed);
}

std::vector<HeldBatch*> HeldBatches::all() const {
  std::vector<HeldBatch*> batches;
  batches.reserve(count_);
  for (std::size_t i = 0; i < count_; ++i) {
    auto& held = (*this)[i];
    if (held.batch) batches.push_back(&held);
  }
  return batches;
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
  held.set(std::move(smaller));
}

void HeldBatches::begin_marking() {
  const auto batches = all();
  parallel((batches.size() + kPiece - 1) / kPiece, [&](std::size_t piece) {
    const auto end = std::min(batches.size(), (piece + 1) * kPiece);
    for (auto i = piece * kPiece; i < end; ++i) {
      batches[i]->marks.assign(static_cast<std::size_t>(batches[i]->batch->rows()), 0);
    }
  });
}

std::vector<std::uint8_t*> HeldBatches::marks() const {
  std::vector<std::uint8_t*> all(count_);
  for (std::size_t i = 0; i < count_; ++i) all[i] = (*this)[i].marks.data();
  return all;
}

void HeldBatches::compact() {
  for (auto* held : all()) {
    const auto rows = marked_rows(*held);
    if (rows.size() * 5 < held->marks.size() * 4) {
      held->moved_to.resize(held->marks.size());
      for (std::uint32_t i = 0; i < rows.size(); ++i) held->moved_to[rows[i]] = i;
      rows.empty() ? drop(*held) : replace(*held, take(*held->batch, rows));
    }
    held->marks = {};
  }
}

void HeldBatches::end_moving() {
  for (std::size_t i = 0; i < count_; ++i) (*this)[i].moved_to = {};
}

void HeldBatches::emit_marked(Output& out) {
  const auto batches = all();
  emit_in_order(batches, out, [this](HeldBatch& held) { drop(held); });
  for (auto* held : batches) {
    if (held->batch) drop(*held);
  }
  for (auto& chunk : chunks_) chunk = nullptr;
  count_ = 0;
}

}  // namespace flowrun::nodes
