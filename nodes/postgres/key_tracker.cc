#include "nodes/postgres/key_tracker.h"

#include <algorithm>
#include <bit>

#include "engine/core/hash.h"
#include "engine/data/text.h"

namespace flowrun::postgres {
namespace {

constexpr std::uint64_t kNullHash = 0x6E756C6C;

std::uint64_t bits_of(double value) {
  if (value == 0) value = 0;  // the two zeros are one
  return value != value ? 1 : std::bit_cast<std::uint64_t>(value);
}

std::vector<std::uint64_t> hashes_of(const Column& texts) {
  std::vector<std::uint64_t> hashes(static_cast<std::size_t>(texts.length()));
  for (std::int64_t i = 0; i < texts.length(); ++i) {
    hashes[static_cast<std::size_t>(i)] = hash64(texts.text(i));
  }
  return hashes;
}

}  // namespace

void KeyTracker::add(const Batch& batch) {
  take_samples(batch);
  if (too_many_) return;
  const auto rows = static_cast<std::size_t>(batch.rows());
  if (hashes_.size() + rows > kMost) {
    too_many_ = true;
    hashes_ = {};
    return;
  }
  std::vector<std::uint64_t> hashes(rows, 0);
  for (const auto field : key_) hash(batch, field, hashes);
  hashes_.insert(hashes_.end(), hashes.begin(), hashes.end());
}

void KeyTracker::hash(const Batch& batch, std::size_t field,
                      std::vector<std::uint64_t>& hashes) const {
  const auto& column = batch.column(field);
  const auto each = [&](const auto& value) {
    for (std::size_t row = 0; row < hashes.size(); ++row) {
      const bool valid = column.is_valid(static_cast<std::int64_t>(row));
      hashes[row] = mix(hashes[row], valid ? value(row) : kNullHash);
    }
  };
  switch (column.type().id) {
    case TypeId::boolean:
      return each([&](std::size_t row) {
        return std::uint64_t{column.boolean(static_cast<std::int64_t>(row)) ? 1U : 0U};
      });
    case TypeId::int64:
    case TypeId::timestamp:
    case TypeId::timestamptz: {
      const auto values = column.values<std::int64_t>();
      return each([&](std::size_t row) { return static_cast<std::uint64_t>(values[row]); });
    }
    case TypeId::date: {
      const auto values = column.values<std::int32_t>();
      return each([&](std::size_t row) { return static_cast<std::uint64_t>(values[row]); });
    }
    case TypeId::float64: {
      const auto values = column.values<double>();
      return each([&](std::size_t row) { return bits_of(values[row]); });
    }
    case TypeId::decimal: {
      const auto values = column.values<Int128>();
      return each([&](std::size_t row) {
        return mix(static_cast<std::uint64_t>(values[row] >> 64),
                   static_cast<std::uint64_t>(values[row]));
      });
    }
    case TypeId::string:
    case TypeId::bytes:
      break;
  }
  if (column.is_dictionary() && column.dictionary()->length() <= batch.rows()) {
    const auto known = hashes_of(*column.dictionary());
    const auto codes = column.codes();
    return each([&](std::size_t row) { return known[static_cast<std::size_t>(codes[row])]; });
  }
  each([&](std::size_t row) { return hash64(column.text(static_cast<std::int64_t>(row))); });
}

void KeyTracker::take_samples(const Batch& batch) {
  // One key of a batch at a time, each batch with the chance that keeps the sample even.
  for (std::int64_t row = 0; row < batch.rows(); row += 1 + batch.rows() / 8) {
    ++seen_;
    dice_ = mix(dice_, seen_);
    const auto place = sample_.size() < kSample ? sample_.size() : dice_ % seen_;
    if (place >= kSample) continue;
    std::vector<std::string> texts;
    for (const auto field : key_) texts.push_back(text_of(batch.column(field), row));
    if (place == sample_.size()) {
      sample_.push_back(std::move(texts));
    } else {
      sample_[place] = std::move(texts);
    }
  }
}

bool KeyTracker::all_differ() {
  if (too_many_) return false;
  std::sort(hashes_.begin(), hashes_.end());
  return std::adjacent_find(hashes_.begin(), hashes_.end()) == hashes_.end();
}

}  // namespace flowrun::postgres
