// Columns of texts of a binary COPY: as codes of a shared dictionary while that pays, as plain text
// otherwise. For the decoder only.
#pragma once

#include <vector>

#include "nodes/postgres/copy_cells.h"
#include "nodes/postgres/copy_decoder.h"

namespace flowrun::postgres {

/// Decodes column `number`, one of strings or bytes. `checks`: see CopyDecoder.
[[nodiscard]] ColumnRef decode_texts(const CopyCells& cells, std::size_t number,
                                     const CopyColumn& column, bool checks,
                                     std::vector<BadCell>& bad);

}  // namespace flowrun::postgres
