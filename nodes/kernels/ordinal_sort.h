// Sorts things by the ordinal that they carry.
#pragma once

#include <cstdint>
#include <vector>

namespace flowrun::nodes {

/// Something with an ordinal: where it is kept.
struct Placed {
  std::uint64_t ordinal;
  std::uint32_t shard;
  std::uint32_t id;
};

/// Sorts by ordinal; equal ordinals keep their order. Linear in the number of items: byte by byte,
/// skipping the bytes that all have in common.
void sort_by_ordinal(std::vector<Placed>& items);

}  // namespace flowrun::nodes
