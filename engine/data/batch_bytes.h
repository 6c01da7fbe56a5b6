// A batch as one block of bytes, for scratch files that this process alone reads back.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "engine/data/batch.h"

namespace flowrun {

/// The newest age of every dictionary that blocks refer to, by Column::dictionary_id. Codes are
/// only ever added, so the newest serves for all older ones. One thread.
class DictionaryAges {
 public:
  void note(const Column& column);
  [[nodiscard]] const ColumnRef& at(std::uint64_t id) const { return newest_.at(id); }

 private:
  std::unordered_map<std::uint64_t, ColumnRef> newest_;
};

/// Lays a batch out as header, ordinals and column buffers, each aligned as a buffer must be. Only
/// the batch's own rows are kept of buffers that it shares. Dictionary columns keep their codes if
/// their dictionary has an id (it is noted in `dictionaries`), others become plain text.
[[nodiscard]] BufferRef batch_to_bytes(const Batch& batch, DictionaryAges& dictionaries);

/// The batch again; its columns point into `block`.
[[nodiscard]] BatchRef batch_from_bytes(const SchemaRef& schema, const BufferRef& block,
                                        const DictionaryAges& dictionaries);

}  // namespace flowrun
