// Constants that a person wrote, as values of a column's type.
#pragma once

#include <string>

#include "engine/data/builder.h"
#include "engine/spec/node_type.h"

namespace flowrun::nodes {

/// Appends a constant to `constants`, whose type is that of the column that it is compared to.
/// Times, dates and texts are written as strings, decimals as numbers or strings. False after a
/// diagnostic that names `column`.
bool append_constant(BindContext& context, const std::string& column, const OptionValue& value,
                     ColumnBuilder& constants);

}  // namespace flowrun::nodes
