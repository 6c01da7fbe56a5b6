// How far a source's cursor has come (windows.md 21).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace flowrun {

/// 128 bits over all values of a row.
using RowDigest = std::array<std::uint64_t, 2>;

/// The greatest value that was loaded of one key, and the rows that had it: reading again from the
/// mark on finds rows of the same value that came later, and knows those that did not.
struct CursorMark {
  std::string value;                       ///< as text, in the form of the column's type
  std::string columns;                     ///< over which the ties' digests are, a line each
  std::map<RowDigest, std::int64_t> ties;  ///< rows at the mark, and how many of each
  friend bool operator==(const CursorMark&, const CursorMark&) = default;
};

/// Marks by key; the one key of a cursor without `per` is "".
using CursorMarks = std::map<std::string, CursorMark>;

/// A load whose range is (marks, to]: noted before its first commit, and read again exactly so
/// until every sink has it.
struct CursorLoad {
  std::string id;
  CursorMarks to;  ///< of the keys that move
  std::int64_t rows = 0;
  std::string digest;  ///< over its rows, in any order
  friend bool operator==(const CursorLoad&, const CursorLoad&) = default;
};

/// What the journal keeps of one source of one instance.
struct CursorState {
  CursorMarks marks;
  /// Over the inputs that were read to their end; "" where it is not known whether they were.
  std::string inputs;
  bool held_back = false;  ///< some of their rows wait for a later run
  std::optional<CursorLoad> load;
  friend bool operator==(const CursorState&, const CursorState&) = default;
};

/// Ties as a journal keeps them; unpack_ties() throws Error(io) for bytes that are none.
[[nodiscard]] std::string pack_ties(const std::map<RowDigest, std::int64_t>& ties);
[[nodiscard]] std::map<RowDigest, std::int64_t> unpack_ties(const std::string& bytes);

}  // namespace flowrun
