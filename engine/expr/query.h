// What a query in PostgreSQL's grammar reads and gives, as far as its text says.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/expr/syntax.h"

namespace flowrun::expr {

struct QueryParts {
  std::vector<std::string>
      tables;  ///< "tenant.readings", "ships": sorted, each once; no WITH names
  /// The names of the columns that come out, in order; empty where some of them are not in the text
  /// (a star).
  std::vector<std::string> columns;
};

/// Reads one select, `with` and unions included; $1, $2, … may stand in it. Nothing, and `error`,
/// where it is no such thing. Any thread.
[[nodiscard]] std::optional<QueryParts> read_query(std::string_view text, SyntaxError& error);

}  // namespace flowrun::expr
