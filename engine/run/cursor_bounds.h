// What a source with a cursor is told about the rows that it need not read.
#pragma once

#include "engine/data/schema.h"
#include "engine/plan/plan.h"
#include "engine/spec/node.h"
#include "engine/state/cursor_state.h"

namespace flowrun {

/// The bounds of a load that begins at `from`. A mark whose key cannot be read back (the columns of
/// `per` were others then) says nothing, and is left out: CursorFilter judges every row anyway.
[[nodiscard]] CursorBounds bounds_of(const CursorSpec& spec, const Schema& schema,
                                     const CursorMarks& from);

}  // namespace flowrun
