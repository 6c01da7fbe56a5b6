// Folds the values of one key into one value a column.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "nodes/kernels/byte_arena.h"
#include "nodes/transforms/pivot_cells.h"
#include "nodes/transforms/pivot_plan.h"

namespace flowrun::nodes {

/// The bytes that a cell's word points to: a length and so many bytes (text, or the 16 bytes of a
/// decimal).
[[nodiscard]] std::string_view bytes_of(std::uint64_t word);
/// Copies bytes into the arena; returns the word that points there.
[[nodiscard]] std::uint64_t keep_bytes(ByteArena& arena, std::string_view bytes);

/// Used by one thread. The plan must outlive it.
class CellFold {
 public:
  explicit CellFold(const PivotPlan& plan);

  /// Takes the values of a key, which are in the given runs, out of the log and folds them; what
  /// the fold before showed is forgotten.
  void fold(CellLog& log, std::span<const std::uint32_t> runs);

  /// The columns that have a value, each once, in no order.
  [[nodiscard]] std::span<const std::uint16_t> columns() const { return columns_; }
  [[nodiscard]] std::uint64_t word(std::uint16_t column) const { return slots_[column].word; }
  [[nodiscard]] std::uint64_t ordinal(std::uint16_t column) const { return slots_[column].ordinal; }
  /// The values that must be rejected, in the order of the input.
  [[nodiscard]] std::span<const Cell> refused() const { return refused_; }
  /// Frees the bytes of results; words of earlier folds become invalid.
  void forget_results() { results_ = ByteArena(); }

 private:
  struct Slot {
    std::uint64_t ordinal = 0;
    std::uint64_t word = 0;
  };
  void meet(const Cell& cell);
  void settle();
  void add_up(std::span<const Cell> cells);
  [[nodiscard]] bool is_before(const Cell& a, const Cell& b) const;
  [[nodiscard]] int compare(std::uint64_t a, std::uint64_t b, Type type) const;

  const PivotPlan& plan_;
  std::vector<Slot> slots_;
  std::vector<std::uint64_t> stamps_;  ///< of the fold that last wrote the slot
  std::uint64_t stamp_ = 0;
  std::vector<std::uint16_t> columns_;
  std::vector<Cell> others_;  ///< sum, mean, error: values beside those in the slots
  std::vector<Cell> refused_;
  ByteArena results_;
};

}  // namespace flowrun::nodes
