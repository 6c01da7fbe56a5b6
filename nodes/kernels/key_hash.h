// The hash of a key, from its words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/data/type.h"

namespace flowrun::nodes {

/// Multiplies to 128 bits and folds the halves: the mixing step of wyhash.
[[nodiscard]] inline std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<UInt128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

/// The eight bytes at `at`.
[[nodiscard]] inline std::uint64_t word_at(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// Hashes `words` words of eight bytes; word_of(i) gives them.
template <typename WordOf>
[[nodiscard]] std::uint64_t hash_words(std::size_t words, WordOf word_of) {
  std::uint64_t hash = 0x9E3779B97F4A7C15ULL;
  std::size_t i = 0;
  for (; i + 1 < words; i += 2) {
    hash = fold(hash ^ word_of(i), word_of(i + 1) ^ 0xD6E8FEB86659FD93ULL);
  }
  if (i < words) hash = fold(hash ^ word_of(i), 0xA0761D6478BD642FULL);
  return fold(hash ^ words, 0xE7037ED1A0B428DBULL);
}

}  // namespace flowrun::nodes
