// The row at hand: the places of its values in the text, column by column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nodes/formats/json_scan.h"
#include "nodes/formats/ndjson_layout.h"

namespace flowrun::nodes {

/// Why a line is no row.
struct NdjsonProblem {
  std::string reason;
  std::string column;  ///< "" where the line as a whole is bad
  std::string value;
};

/// Puts the values of one line after the other into the index that columns are decoded from: for
/// each column of a row the offset before the value's text and the one behind it, as FieldColumn
/// wants them; a null "begins" at offset 0, where no value can.
class NdjsonRow {
 public:
  /// Offsets count from `base`. Texts that had to be changed are written to `spare`, somewhere
  /// behind `base`, where there is room for all of the text once more (null where nothing in it
  /// has a backslash).
  NdjsonRow(const NdjsonLayout& layout, const char* base, char* spare)
      : layout_(layout), base_(base), kept_(spare), spare_(spare), stamps_(layout.nodes()) {}

  [[nodiscard]] const NdjsonLayout& layout() const { return layout_; }

  /// Starts a row whose 2 entries per column are at `cells`: all null. A row that was started
  /// before and not kept is forgotten.
  void start(std::uint32_t* cells);
  /// Ends a row that is good.
  void keep() { kept_ = spare_; }
  /// Notes that the value of a layout's node comes; false where it came before in this row: a key
  /// stands twice.
  [[nodiscard]] bool visit(std::uint32_t node);
  /// Gives the node's columns their value; false, with the problem kept, where one cannot take it.
  [[nodiscard]] bool put(std::uint32_t node, const JsonToken& token) {
    const auto& direct = layout_.direct(node);
    const bool is_direct = ((direct.kinds >> static_cast<unsigned>(token.kind)) & 1U) != 0;
    const auto quote = token.kind == JsonKind::string ? 1 : 0;
    const char* begin = token.begin + quote;
    const char* end = token.end - quote;
    if (!is_direct || token.escaped || begin == end) return put_any(node, token);
    place(direct.column, begin, end);
    return true;
  }

  /// Keeps a problem of the line; gives false, for the caller to return.
  bool fail(std::string reason);
  [[nodiscard]] NdjsonProblem take_problem() { return std::move(problem_); }

 private:
  [[nodiscard]] bool put_any(std::uint32_t node, const JsonToken& token);
  [[nodiscard]] bool put_column(std::uint32_t column, const JsonToken& token,
                                std::string_view text);
  void place(std::uint32_t column, const char* begin, const char* end) {
    cells_[2 * column] = static_cast<std::uint32_t>(begin - base_) - 1;
    cells_[2 * column + 1] = static_cast<std::uint32_t>(end - base_);
  }
  bool refuse(std::uint32_t column, std::string reason, std::string_view value);

  const NdjsonLayout& layout_;
  const char* base_;
  char* kept_;  ///< behind what the rows before this one wrote
  char* spare_;
  std::uint32_t* cells_ = nullptr;
  std::vector<std::uint32_t> stamps_;  ///< by node: the row that it was last seen in
  std::uint32_t row_ = 0;
  NdjsonProblem problem_;
};

}  // namespace flowrun::nodes
