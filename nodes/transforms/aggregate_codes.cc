#include "nodes/transforms/aggregate_codes.h"

#include <bit>

namespace flowrun::nodes {
namespace {

constexpr std::size_t kMostPlaces = std::size_t{1} << 18U;  // a MiB: stays in a core's cache

}  // namespace

bool GroupsByCode::fits(const Batch& keys) {
  std::size_t places = 1;
  bool known = dictionaries_.size() == keys.columns().size();
  for (std::size_t k = 0; k < keys.columns().size(); ++k) {
    const auto& column = keys.column(k);
    if (!column.is_dictionary() || column.dictionary_id() == 0) return false;
    const auto codes = static_cast<std::size_t>(column.dictionary()->length());
    known = known && dictionaries_[k].id == column.dictionary_id() && codes < dictionaries_[k].room;
    if (codes >= kMostPlaces) return false;
    places *= std::bit_ceil(codes + 1);
    if (places > kMostPlaces) return false;
  }
  if (known && !groups_.empty()) return true;
  dictionaries_.clear();
  for (const auto& column : keys.columns()) {
    const auto codes = static_cast<std::size_t>(column->dictionary()->length());
    dictionaries_.push_back({column->dictionary_id(), std::bit_ceil(codes + 1)});
  }
  groups_.assign(places, kUnknown);
  return true;
}

void GroupsByCode::find_places(const Batch& keys, std::span<std::uint32_t> places) const {
  if (dictionaries_.empty()) std::fill(places.begin(), places.end(), 0U);
  for (std::size_t k = 0; k < dictionaries_.size(); ++k) {
    const auto& column = keys.column(k);
    const auto codes = column.codes();
    const auto room = static_cast<std::uint32_t>(dictionaries_[k].room);
    const auto add = [&](std::size_t row, std::uint32_t digit) {
      places[row] = k == 0 ? digit : places[row] * room + digit;
    };
    if (!column.has_nulls()) {
      for (std::size_t row = 0; row < places.size(); ++row) {
        add(row, static_cast<std::uint32_t>(codes[row]) + 1);
      }
      continue;
    }
    for (std::size_t row = 0; row < places.size(); ++row) {
      const bool valid = column.is_valid(static_cast<std::int64_t>(row));
      add(row, valid ? static_cast<std::uint32_t>(codes[row]) + 1 : 0);
    }
  }
}

}  // namespace flowrun::nodes
