// Groups by the codes of their keys, where every key is dictionary-encoded.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/data/batch.h"

namespace flowrun::nodes {

/// A table of group numbers with one place for every combination of codes: no key has to be put
/// together or looked up. Used by one thread at a time.
class GroupsByCode {
 public:
  static constexpr std::uint32_t kUnknown = 0xFFFFFFFF;

  /// True where the key columns of a batch are dictionaries, few enough of whose codes go together.
  /// Forgets everything where the dictionaries are others than those of the batch before.
  [[nodiscard]] bool fits(const Batch& keys);
  /// Writes the place of each row. The batch must be the one that fits() saw last.
  void find_places(const Batch& keys, std::span<std::uint32_t> places) const;
  [[nodiscard]] std::uint32_t group(std::uint32_t place) const { return groups_[place]; }
  void set(std::uint32_t place, std::uint32_t group) { groups_[place] = group; }
  [[nodiscard]] std::int64_t bytes() const {
    return static_cast<std::int64_t>(groups_.capacity() * sizeof(std::uint32_t));
  }

 private:
  struct Dictionary {
    std::uint64_t id = 0;
    std::size_t room = 0;  ///< for codes and null; a power of two
  };
  std::vector<Dictionary> dictionaries_;
  std::vector<std::uint32_t> groups_;
};

}  // namespace flowrun::nodes
