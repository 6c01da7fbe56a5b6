// The grammar of CSV text, byte by byte: what is right for every dialect and every broken row. The
// scan of csv_scan.h is the fast way for dialects without comments and escape characters.
#pragma once

#include <cstddef>
#include <cstdint>

#include "nodes/formats/csv_format.h"

namespace flowrun::nodes {

/// Walks over text that starts at the start of a row; remembers where it is from piece to piece.
class CsvMachine {
 public:
  explicit CsvMachine(const CsvDialect& dialect) : dialect_(dialect) {}

  /// Reads `size` bytes. Calls on_end(offset) for every field end outside quotes and comments,
  /// rows' ends included, and on_row(offset) for every row's end after that; offsets count from
  /// `text`. Stops behind the byte for which on_row returns false. Returns how many bytes were
  /// read.
  template <typename OnEnd, typename OnRow>
  std::size_t run(const char* text, std::size_t size, OnEnd on_end, OnRow on_row) {
    for (std::size_t at = 0; at < size; ++at) {
      const char c = text[at];
      if (c == '\n') ++newlines_;
      if (!step(c, base_ + at)) continue;
      on_end(at);
      if (c != '\n') continue;
      state_ = State::row_start;
      if (!on_row(at)) {
        base_ += at + 1;
        return at + 1;
      }
    }
    base_ += size;
    return size;
  }

  /// True while a quoted field is not closed.
  [[nodiscard]] bool open() const { return state_ == State::quoted || state_ == State::escaped; }
  /// Where it was opened: bytes and newlines before it.
  [[nodiscard]] std::uint64_t opened_at() const { return opened_at_; }
  [[nodiscard]] std::uint64_t opened_after_newlines() const { return opened_after_newlines_; }

 private:
  enum class State : std::uint8_t {
    row_start,
    field_start,
    plain,
    quoted,
    escaped,
    closed,
    comment
  };

  /// Takes one byte; true where it ends a field.
  bool step(char c, std::uint64_t at) {
    switch (state_) {
      case State::row_start:
        if (dialect_.comment && c == *dialect_.comment) {
          state_ = State::comment;
          return false;
        }
        [[fallthrough]];
      case State::field_start:
        if (dialect_.quote && c == *dialect_.quote) {
          state_ = State::quoted;
          opened_at_ = at;
          opened_after_newlines_ = newlines_;
          return false;
        }
        return plain(c);
      case State::plain:
        return plain(c);
      case State::quoted:
        if (c == *dialect_.quote) {
          state_ = State::closed;
        } else if (c == dialect_.escape) {
          state_ = State::escaped;
        }
        return false;
      case State::escaped:
        // Whatever follows an escape mark is no mark itself: a quote, an escape mark, or a plain
        // character.
        state_ = State::quoted;
        return false;
      case State::closed:
        if (c == *dialect_.quote && dialect_.escape == *dialect_.quote) {
          state_ = State::quoted;
          return false;
        }
        return plain(c);
      case State::comment:
        return c == '\n';
    }
    return false;
  }

  bool plain(char c) {
    const bool ends = c == dialect_.delimiter || c == '\n';
    state_ = ends ? State::field_start : State::plain;
    return ends;
  }

  CsvDialect dialect_;
  State state_ = State::row_start;
  std::uint64_t base_ = 0;
  std::uint64_t newlines_ = 0;
  std::uint64_t opened_at_ = 0;
  std::uint64_t opened_after_newlines_ = 0;
};

}  // namespace flowrun::nodes
