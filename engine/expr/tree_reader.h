// From libpg_query's tree to ours.
#pragma once

#include <pg_query/pg_query.pb-c.h>

#include <cstdint>
#include <string>

#include "engine/expr/syntax.h"

namespace flowrun::expr {

/// Why a tree is not taken; becomes a SyntaxError.
struct Refused {
  std::string message;
  std::string hint;
  std::int32_t at;
};

/// Reads an expression whose statement has `before` bytes in front of it. Throws Refused, with
/// places in the statement.
[[nodiscard]] Syntax read_tree(const PgQuery__Node& node, std::size_t before);

}  // namespace flowrun::expr
