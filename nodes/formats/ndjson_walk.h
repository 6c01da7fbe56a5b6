// Reads a line of JSON value by value: right for every object, and strict.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "nodes/formats/ndjson_row.h"

namespace flowrun::nodes {

/// Deeper nesting makes a line a reject.
inline constexpr int kMostJsonDepth = 512;

/// Walks through lines, one after the other. One thread; owns a simdjson parser, which is made at
/// the first line.
class NdjsonWalk {
 public:
  /// A scalar that a line held, and the layout's node that it is the value of (kNone: no column).
  struct Seen {
    JsonToken token;
    std::uint32_t node = NdjsonLayout::kNone;
  };

  NdjsonWalk();
  ~NdjsonWalk();
  NdjsonWalk(const NdjsonWalk&) = delete;
  NdjsonWalk& operator=(const NdjsonWalk&) = delete;

  /// Puts the values of a line into a row that was started; false, with the row's problem set,
  /// where it is not exactly one object, or a value does not fit. A newline and 64 readable bytes
  /// stand behind the line, which is valid UTF-8.
  [[nodiscard]] bool read(std::string_view line, NdjsonRow& row);

  /// The scalars of the last line that was read, in order; empty where a column took a whole array
  /// or object.
  [[nodiscard]] const std::vector<Seen>& seen() const { return seen_; }

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
  std::vector<Seen> seen_;
};

}  // namespace flowrun::nodes
