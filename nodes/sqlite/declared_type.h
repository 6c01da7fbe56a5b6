// The types that columns of an SQLite table were declared with, as types of columns.
#pragma once

#include <optional>
#include <string_view>

#include "engine/data/type.h"

namespace flowrun::nodes {

/// The type that a declaration stands for: by well-known names first (BOOLEAN, DATE, TIMESTAMP,
/// TIMESTAMPTZ, DECIMAL(p,s) …), then by SQLite's affinity; any other name is a string. Nothing
/// where nothing was declared: such a column may hold anything.
[[nodiscard]] std::optional<Type> type_of_declaration(std::string_view declared);

}  // namespace flowrun::nodes
