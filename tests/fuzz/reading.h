// What came of reading a file, in a form that can be compared.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/spec/node.h"
#include "nodes/formats/byte_stream.h"

namespace flowrun::fuzzing {

/// The type of a column that a letter of an options line stands for: (i)nt64, (f)loat64, de(n)cimal
/// with 10 digits, (N) with 38, (d)ate, (t)imestamp, timestampt(z), (b)ool, bytes (x), else string.
[[nodiscard]] Type type_of(char letter);

/// How a file is cut up: how much the reads ask for, one after the other and again from the front,
/// and how many rows a batch may hold.
struct Cut {
  std::vector<std::int64_t> bytes{std::int64_t{1} << 16};
  std::int64_t rows = kMaxBatchRows;
};

/// The sizes that the letters of an options line stand for: small ones, at least one.
[[nodiscard]] Cut cut_of(std::string_view letters);

struct WhatWasRead {
  std::vector<BatchRef> batches;
  std::vector<std::uint64_t> ordinals;  ///< of the rows
  std::vector<std::string> rows;        ///< all values of a row
  std::vector<std::string> rejects;     ///< all there is to a reject, by ordinal
  std::string error;                    ///< what ended it early; "" for nothing

  [[nodiscard]] std::size_t lines() const { return rows.size() + rejects.size(); }
};

/// Reads a file to its end the way the engine does. Ends the process where a batch is not what
/// batches are, where rows are not in order, or where a row is rejected as well.
[[nodiscard]] WhatWasRead read_all(const std::function<std::unique_ptr<Reader>()>& open,
                                   const Cut& cut);

/// Ends the process where the two differ in anything but batches. What was read before an error
/// depends on the cut and is not compared.
void expect_same(const WhatWasRead& read, const WhatWasRead& expected, std::string_view promise);

/// The lines of a file, without their ends and a byte-order mark; nothing where its bytes are not
/// those that are read.
[[nodiscard]] std::optional<std::vector<std::string_view>> plain_lines(std::string_view text,
                                                                       nodes::Encoding encoding);

/// Ends the process where rows that were written are not the same once read again.
void expect_written(WhatWasRead again, const WhatWasRead& rows);

/// Runs what may end with an Error about the file; one about a bug goes on.
void may_fail(const std::function<void()>& look);

}  // namespace flowrun::fuzzing
