// Text in the making: the lines of a batch in one block of memory, with where each ends.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/data/batch.h"

namespace flowrun::nodes {

/// One column, "line", of bytes: what writers of text formats make of a batch.
[[nodiscard]] const SchemaRef& line_schema();

/// Collects lines through a raw pointer: take room(), write, hand the new end to end_line(). Used
/// by one thread.
class LineBuilder {
 public:
  /// Makes room for `rows` lines; `bytes` is what they may come to, as a start.
  LineBuilder(std::int64_t rows, std::size_t bytes);

  /// Returns where to go on writing with at least `need` bytes free; `at` is where writing stopped.
  /// Throws Error(limit) past 2 GiB.
  [[nodiscard]] char* room(char* at, std::size_t need) {
    return static_cast<std::size_t>(end_ - at) >= need ? at : grown(at, need);
  }
  [[nodiscard]] char* begin() { return text_->mutable_as<char>(); }
  void end_line(const char* at) {
    ends_->mutable_as<std::int32_t>()[++lines_] = static_cast<std::int32_t>(at - text_->as<char>());
  }
  /// The lines as a batch of line_schema() under the given ordinals.
  [[nodiscard]] BatchRef finish(Ordinals ordinals);

 private:
  char* grown(char* at, std::size_t need);

  std::shared_ptr<Buffer> text_;
  std::shared_ptr<Buffer> ends_;
  char* end_;
  std::int64_t lines_ = 0;
};

/// The bytes of consecutive lines of a batch of line_schema().
[[nodiscard]] std::string_view text_of_lines(const Batch& lines);

}  // namespace flowrun::nodes
