// Batches through the Arrow C Data Interface: to and from any Arrow library without copying.
#pragma once

#include <cstdint>
#include <string>

#include "engine/data/batch.h"

// The two structures as the Arrow C Data Interface defines them; their layout is its ABI.
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

extern "C" {

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  std::int64_t flags;
  std::int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  std::int64_t length;
  std::int64_t null_count;
  std::int64_t offset;
  std::int64_t n_buffers;
  std::int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};

}  // extern "C"

#endif  // ARROW_C_DATA_INTERFACE

namespace flowrun {

/// Formats: b, l, g, d:p,s, u, z, tdD, tsu: and tsu:UTC; i with dictionary u for dictionary-encoded
/// strings. What is exported belongs to the caller, who calls `release` once; it may outlive the
/// batch.

/// The schema as a struct ("+s") with plain strings.
void export_schema(const Schema& schema, ArrowSchema* out);
/// A column and its type, dictionary-encoded where the column is.
void export_column(const ColumnRef& column, const std::string& name, ArrowSchema* schema,
                   ArrowArray* array);
/// A batch as a struct array; ordinals are not carried.
void export_batch(const Batch& batch, ArrowSchema* schema, ArrowArray* array);

/// The fields of a struct; the caller keeps `schema`. Throws Error(data) naming a format that has
/// no type here, as the others do.
[[nodiscard]] SchemaRef import_schema(const ArrowSchema& schema);
/// Takes `array` over (its `release` is null afterwards, also after an error) and releases it with
/// the last user of its memory. Nothing is copied, except values that are not aligned to their
/// width, text under null rows, and dictionaries that hold nulls. Such memory need not have the
/// padding that a Buffer of our own has.
[[nodiscard]] ColumnRef import_column(ArrowArray* array, const ArrowSchema& schema);
/// A struct array without nulls of its own as a batch.
[[nodiscard]] BatchRef import_batch(ArrowArray* array, const ArrowSchema& schema,
                                    Ordinals ordinals = {});

}  // namespace flowrun
