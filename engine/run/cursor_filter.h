// Keeps the rows of a source that no earlier load had (windows.md 21).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/batch.h"
#include "engine/plan/plan.h"
#include "engine/spec/reject.h"
#include "engine/state/cursor_state.h"

namespace flowrun {

/// What one load takes of one source.
struct CursorRange {
  CursorMarks from;  ///< rows before these, and the known ones at them, are old
  std::optional<CursorMarks>
      to;  ///< the load was planned before: exactly up to these, ties and all
  /// Rows at a mark may be loaded again where nothing tells whether they were (every sink is
  /// idempotent); else that ends the run.
  bool may_repeat_ties = false;
  /// The same inputs were read before, and what is wrong with them was said.
  bool knows_rejects = false;
};

/// Sorts rows into those of the load and the others. One thread; rows come in the order in which
/// they are read, which decides nothing but which of several equal rows is taken for the old one.
class CursorFilter {
 public:
  struct Taken {
    BatchRef rows;                ///< those of the load; null where there are none
    std::int64_t old = 0;         ///< loaded before, or before `initial`
    std::int64_t skipped = 0;     ///< without a value
    std::int64_t held_back = 0;   ///< for a later load
    std::vector<Reject> rejects;  ///< without a value, or ahead of now
  };

  /// `schema` is that of the source's rows. Throws Error(plan) where a mark does not fit it.
  CursorFilter(const CursorSpec& spec, SchemaRef schema, CursorRange range, Micros now);

  [[nodiscard]] Taken take(const BatchRef& batch);

  /// The marks that the load leads to: of the keys that move, ties included.
  [[nodiscard]] CursorMarks reached() const;
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  /// Over the load's rows, in any order.
  [[nodiscard]] std::string digest() const;
  /// True where a later run must look at the same inputs again, unchanged as they may be.
  [[nodiscard]] bool held_back() const { return held_back_; }
  [[nodiscard]] bool knows_rejects() const { return range_.knows_rejects; }

 private:
  using Ties = std::map<RowDigest, std::int64_t>;
  /// A mark with its value as a column of one row; its ties count down as they are met.
  struct Bound {
    ColumnRef value;
    Ties ties;
    std::vector<std::size_t> columns;  ///< over which the ties' digests are
  };
  struct Key {
    std::optional<Bound> from;
    std::optional<Bound> to;
    std::string start;   ///< value of `from`, "" where there is none
    Ties known;          ///< all ties at `from`
    Ties met_again;      ///< those of them that came, told apart by all columns
    ColumnRef greatest;  ///< of the rows taken; null before the first
    Ties at_greatest;
  };
  enum class Place { take, old, later, missing, ahead };

  [[nodiscard]] Key& key_of(const Batch& batch, std::int64_t row);
  [[nodiscard]] Key make_key(const std::string& name) const;
  [[nodiscard]] Bound make_bound(const CursorMark& mark) const;
  [[nodiscard]] Place place(const Batch& batch, std::int64_t row, Key& key);
  /// True for a row at the mark that was there before.
  [[nodiscard]] bool is_known(const Batch& batch, std::int64_t row, Key& key) const;
  void note(const Batch& batch, std::int64_t row, Key& key);
  [[nodiscard]] Reject reject(const Batch& batch, std::int64_t row, Place place) const;
  [[nodiscard]] static RowDigest digest_of(const Batch& batch, std::int64_t row,
                                           const std::vector<std::size_t>& columns);

  CursorSpec spec_;
  SchemaRef schema_;
  CursorRange range_;
  Micros now_;
  std::vector<std::size_t> all_columns_;
  std::string column_names_;
  std::map<std::string, Key, std::less<>> keys_;
  std::string key_text_;  ///< reused from row to row
  std::int64_t rows_ = 0;
  RowDigest sum_{};
  bool held_back_ = false;
};

/// The key's text: "chokepoint=Suez,kind=tanker"; "" without columns. A null shows as its name
/// alone.
void append_cursor_key(std::string& out, const Batch& batch, const std::vector<std::size_t>& per,
                       std::int64_t row);

}  // namespace flowrun
