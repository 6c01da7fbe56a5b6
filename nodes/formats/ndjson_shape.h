// What lines that look alike have in common: their fast way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/formats/ndjson_row.h"
#include "nodes/formats/ndjson_walk.h"

namespace flowrun::nodes {

/// A line with its scalars taken out: the literal texts between them (brackets, keys, white space)
/// and the nodes that the scalars are the values of. Another line with the same literals in the
/// same places, and a valid scalar in each gap, has the same structure: it needs no look at it.
class NdjsonShape {
 public:
  /// Lines with more scalars have no shape.
  static constexpr std::size_t kMostSlots = 4096;

  /// The shape of a line that was read well.
  NdjsonShape(std::string_view line, const std::vector<NdjsonWalk::Seen>& seen);

  /// Puts the values of the line at `at` into a row that was started; the line's newline, or null
  /// where it has another shape or a value that does not fit.
  [[nodiscard]] const char* read(const char* at, NdjsonRow& row) const;

 private:
  struct Slot {
    std::uint32_t literal = 0;  ///< where the text in front of the scalar starts in `literals_`
    std::uint32_t length = 0;
    std::uint32_t node = NdjsonLayout::kNone;
  };
  void add(std::string_view literal, std::uint32_t node);

  std::string literals_;     ///< each followed by 8 bytes, so that words can be read
  std::vector<Slot> slots_;  ///< the last one is the text behind the last scalar
};

}  // namespace flowrun::nodes
