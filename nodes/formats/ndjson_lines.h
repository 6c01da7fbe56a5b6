// The lines of a piece of NDJSON text, one after the other: which are rows, and where their values
// are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/buffer.h"
#include "nodes/formats/ndjson_row.h"
#include "nodes/formats/ndjson_shape.h"
#include "nodes/formats/ndjson_walk.h"

namespace flowrun::nodes {

/// A line of a piece.
struct NdjsonLine {
  std::uint32_t from = 0;  ///< offset of its first byte
  std::uint32_t line = 0;  ///< lines before it in the piece
};

/// Good rows of a piece, as many as fit into a batch: 2 entries per column and row in `index`, as
/// FieldColumn wants them.
struct NdjsonRows {
  BufferRef buffer;
  const std::uint32_t* index = nullptr;
  std::vector<NdjsonLine> lines;
};

/// Reads the lines of a piece. One thread.
class NdjsonLines {
 public:
  using Refuse = std::function<void(const NdjsonLine& line, NdjsonProblem problem)>;

  /// The text is whole lines with a newline each and 64 readable bytes behind it; `spare` as
  /// NdjsonRow wants it. Lines that are no rows go to `refuse`.
  NdjsonLines(const NdjsonLayout& layout, std::string_view text, char* spare, std::size_t max_row,
              bool fast, Refuse refuse);

  /// The next rows, at most `most` of them; none at the end.
  [[nodiscard]] NdjsonRows next(std::size_t most);

  /// A line's text, without the newline.
  [[nodiscard]] std::string_view text_of(const NdjsonLine& line) const;

 private:
  [[nodiscard]] bool read_line(std::uint32_t* cells);
  [[nodiscard]] std::string problem_of(std::string_view line) const;
  [[nodiscard]] const char* read_alike(std::uint32_t* cells);
  void go_on(const char* end);
  void learn(std::string_view line);

  std::string_view text_;
  std::size_t max_row_;
  bool fast_;
  bool valid_;  ///< all of the text is UTF-8
  Refuse refuse_;
  NdjsonRow row_;
  NdjsonWalk walk_;
  std::vector<NdjsonShape> shapes_;  ///< of lines seen before
  std::size_t last_shape_ = 0;
  std::size_t next_shape_ = 0;  ///< the one that a new one takes the place of
  NdjsonLine at_;
};

}  // namespace flowrun::nodes
