// Functions of texts that stand in files of their own.
#pragma once

#include <span>

#include "engine/expr/function.h"

namespace flowrun::expr {

/// like, ilike and regular expressions.
[[nodiscard]] std::span<const Function> pattern_functions();

}  // namespace flowrun::expr
