// The scan of CSV text, written once over 64-bit masks of 64-byte blocks. Included by the file of
// each instruction set after it has switched that set on, so that these functions are compiled for
// it. An Isa has
//   newlines(text), delimiters(text), quotes(text)   the masks of the 64 bytes at `text`
//   note(text)                       remembers whether the bytes hold what flags() tells
//   flags(index)                     sets the flags of an index
//   inside(mask)                     XOR of all bits up to each bit
//   count(mask)                      the number of set bits
//   write(mask, base, out)           the offsets of the set bits; may write kScanSlack entries too
//   many
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "nodes/formats/csv_scan.h"

namespace flowrun::nodes {
namespace {

/// Follows the quotes from block to block. What is inside quotes is what has an odd number of them
/// before it, once quotes that neither open nor close a field are left out.
template <typename Isa>
struct QuoteState {
  std::uint64_t inside = 0;    ///< all ones while a quote is open
  std::uint64_t may_open = 1;  ///< the next byte starts a field, or follows a closing quote

  /// The bytes of this block that are inside quotes, given its quotes and its delimiters and
  /// newlines.
  std::uint64_t step(std::uint64_t quotes, std::uint64_t marks) {
    if ((quotes | inside) == 0) {
      may_open = marks >> 63U;
      return 0;
    }
    for (;;) {
      const std::uint64_t mask = Isa::inside(quotes) ^ inside;
      const std::uint64_t opening = quotes & mask;
      const std::uint64_t closing = quotes & ~mask;
      const std::uint64_t before = (marks & ~mask) | closing;
      const std::uint64_t stray = opening & ~((before << 1U) | may_open);
      if (stray == 0) {
        may_open = before >> 63U;
        inside = std::uint64_t{0} - (mask >> 63U);
        return mask;
      }
      // Up to the first stray quote all is known, so that one is a plain character; those behind it
      // must be seen anew.
      quotes ^= stray & (~stray + 1);
    }
  }
};

/// The bits of a block that belong to the text, where only `rest` bytes are left.
inline std::uint64_t live_bits(std::size_t rest) {
  return rest >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << rest) - 1;
}

template <typename Isa>
CsvSurvey survey_blocks(const char* text, std::size_t size, const CsvMarks& marks) {
  const Isa isa(marks);
  QuoteState<Isa> state;
  CsvSurvey survey;
  std::uint64_t all_quotes = 0;
  for (std::size_t at = 0; at < size; at += 64) {
    const std::uint64_t live = live_bits(size - at);
    const std::uint64_t newlines = isa.newlines(text + at) & live;
    const std::uint64_t quotes = isa.quotes(text + at) & live;
    std::uint64_t row_ends = newlines;
    survey.newlines += Isa::count(newlines);
    if ((quotes | state.inside) == 0) {
      const char last = text[at + 63];
      state.may_open = last == '\n' || last == marks.delimiter ? 1 : 0;
    } else {
      all_quotes |= quotes;
      row_ends &= ~state.step(quotes, (isa.delimiters(text + at) & live) | newlines);
    }
    if (row_ends != 0) {
      survey.last_row_end = at + 64 - static_cast<std::size_t>(std::countl_zero(row_ends));
    }
  }
  survey.quotes = all_quotes != 0;
  survey.open = state.inside != 0;
  return survey;
}

template <typename Isa>
CsvIndex index_blocks(const char* text, std::size_t size, const CsvMarks& marks,
                      std::uint32_t* ends, std::uint32_t* rows) {
  Isa isa(marks);
  QuoteState<Isa> state;
  CsvIndex index;
  for (std::size_t at = 0; at < size; at += 64) {
    const std::uint64_t live = live_bits(size - at);
    const std::uint64_t newlines = isa.newlines(text + at) & live;
    const std::uint64_t marked = (isa.delimiters(text + at) & live) | newlines;
    const std::uint64_t outside = ~state.step(isa.quotes(text + at) & live, marked);
    const auto base = static_cast<std::uint32_t>(at);
    index.ends += isa.write(marked & outside, base, ends + index.ends);
    index.rows += isa.write(newlines & outside, base, rows + index.rows);
    isa.note(text + at);
  }
  isa.flags(index);
  return index;
}

}  // namespace
}  // namespace flowrun::nodes
