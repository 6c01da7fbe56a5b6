#include "nodes/kernels/ordinal_sort.h"

#include <algorithm>
#include <array>

namespace flowrun::nodes {
namespace {

constexpr unsigned kBits = 11;
constexpr std::size_t kBuckets = 1U << kBits;
constexpr std::size_t kSmall = 4096;  // below, a comparison sort is as fast

std::size_t digit(std::uint64_t ordinal, unsigned shift) {
  return (ordinal >> shift) & (kBuckets - 1);
}

void scatter(const std::vector<Placed>& from, std::vector<Placed>& to, unsigned shift) {
  std::array<std::size_t, kBuckets + 1> begin{};
  for (const auto& item : from) ++begin[digit(item.ordinal, shift) + 1];
  for (std::size_t i = 0; i < kBuckets; ++i) begin[i + 1] += begin[i];
  for (const auto& item : from) to[begin[digit(item.ordinal, shift)]++] = item;
}

bool before(const Placed& a, const Placed& b) { return a.ordinal < b.ordinal; }

}  // namespace

void sort_by_ordinal(std::vector<Placed>& items) {
  if (std::is_sorted(items.begin(), items.end(), before)) return;
  if (items.size() <= kSmall) return std::stable_sort(items.begin(), items.end(), before);
  std::uint64_t varying = 0;
  for (const auto& item : items) varying |= item.ordinal ^ items.front().ordinal;
  std::vector<Placed> other(items.size());
  for (unsigned shift = 0; shift < 64; shift += kBits) {
    if (digit(varying, shift) == 0) continue;
    scatter(items, other, shift);
    items.swap(other);
  }
}

}  // namespace flowrun::nodes
