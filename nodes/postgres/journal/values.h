// Values on their way into the journal's tables and out of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/core/time.h"
#include "nodes/postgres/connection.h"

namespace flowrun::postgres {

/// Text for people. What PostgreSQL keeps in no text (NUL, bytes that are no UTF-8) becomes U+FFFD.
[[nodiscard]] Parameter text(std::string_view text);
/// The same for a JSON document; "" is null.
[[nodiscard]] Parameter json(std::string_view document);
/// Any bytes, for a column of type bytea.
[[nodiscard]] Parameter bytes(std::string_view bytes);
[[nodiscard]] Parameter number(std::int64_t value);
/// For a column of type timestamptz; 0 is null.
[[nodiscard]] Parameter moment(Micros at);

[[nodiscard]] std::string read_bytes(const Result& rows, int row, int column);
/// 0 for null. Throws Error(io) for what is no moment.
[[nodiscard]] Micros read_moment(const Result& rows, int row, int column);

/// Many rows in the parameters of one statement: an array per column.
class Rows {
 public:
  /// Types of the columns, such as {"text", "bigint"}.
  explicit Rows(std::vector<std::string> types);

  /// As many values as there are columns.
  void add(const Parameters& values);
  [[nodiscard]] bool empty() const { return count_ == 0; }
  /// "unnest($1::text[], $2::bigint[])", for the `from` of a statement; `first` is the number of
  /// the first parameter.
  [[nodiscard]] std::string sql(int first = 1) const;
  /// One array per column, after `others`.
  [[nodiscard]] Parameters parameters(Parameters others = {}) const;

 private:
  std::vector<std::string> types_;
  std::vector<std::string> arrays_;
  std::size_t count_ = 0;
};

}  // namespace flowrun::postgres
