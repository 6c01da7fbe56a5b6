// Key columns of a batch as byte strings that compare equal where the keys are equal.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/data/batch.h"
#include "nodes/kernels/code_map.h"
#include "nodes/kernels/scratch.h"
#include "nodes/kernels/text_ids.h"

namespace flowrun::nodes {

/// The keys of one batch. Neighbouring rows with equal keys are a run: one key for all of them (two
/// runs may have the same key). Run i is rows [starts[i], starts[i + 1]).
struct KeyRuns {
  explicit KeyRuns(std::size_t rows) : starts(rows + 1), hashes(rows) {}

  [[nodiscard]] std::string_view key(std::size_t run) const {
    const char* begin = bytes->as<char>();
    if (offsets.empty()) return {begin + run * stride, stride};
    return {begin + offsets[run], offsets[run + 1] - offsets[run]};
  }

  std::size_t count = 0;
  Scratch<std::uint32_t> starts;
  Scratch<std::uint64_t> hashes;
  std::shared_ptr<Buffer> bytes;
  std::size_t stride = 0;            ///< bytes of a key without inline texts
  std::vector<std::size_t> offsets;  ///< count + 1, only where keys hold inline texts
};

/// Encodes the keys of all batches of one accumulator state, and decodes them. Null is a value of
/// its own; floats compare by their bits except that 0.0 equals -0.0 and every NaN is one value. A
/// text column that arrives dictionary-encoded first is kept as a number per text, any other text
/// as its bytes; that choice holds for the life of the encoder. Any thread.
class KeyEncoder {
 public:
  /// `columns` are the places of the key's columns in `input`.
  KeyEncoder(const Schema& input, std::vector<std::size_t> columns);

  [[nodiscard]] KeyRuns encode(const Batch& batch);

  /// Key column `k` of the given keys, one row a key.
  [[nodiscard]] ColumnRef decode(std::size_t k, std::span<const char* const> keys) const;
  [[nodiscard]] std::size_t columns() const { return fields_.size(); }
  /// Bytes of a key before the padding of its fixed part.
  [[nodiscard]] std::size_t unpadded() const { return nulls_offset_ + (fields_.size() + 7) / 8; }
  /// Call before the first decode(), after the last encode().
  void end_encoding();
  /// Bytes kept for texts.
  [[nodiscard]] std::int64_t bytes() const;

 private:
  enum class TextForm : std::uint8_t { undecided, number, inlined };
  struct Field {
    Type type;
    std::size_t column = 0;  ///< in the input
    std::size_t offset = 0;  ///< in the fixed part of a key
    std::size_t width = 0;   ///< there; for text: 4, its number or its length
  };
  struct Texts {
    std::atomic<TextForm> form = TextForm::undecided;
    CodeMap codes;
    TextIds ids;
    ColumnRef dictionary;  ///< set by end_encoding() where the form is `number`
    std::uint64_t dictionary_id = 0;
  };

  [[nodiscard]] bool is_inlined(std::size_t k) const;
  void decide_forms(const Batch& batch);
  void lay_out(const Batch& batch, KeyRuns& runs) const;
  void encode_field(std::size_t k, const Column& column, KeyRuns& runs);
  void encode_text(std::size_t k, const Column& column, KeyRuns& runs);
  void append_inlined(const Batch& batch, KeyRuns& runs) const;
  void hash(KeyRuns& runs) const;
  [[nodiscard]] bool is_null(std::size_t k, const char* key) const;
  [[nodiscard]] std::string_view inlined_text(std::size_t k, const char* key) const;
  [[nodiscard]] ColumnRef decode_numbers(std::size_t k, std::span<const char* const> keys) const;

  std::vector<Field> fields_;
  std::vector<std::unique_ptr<Texts>> texts_;  ///< one per field; null where it is no text
  std::size_t nulls_offset_ = 0;               ///< bitmap of the null columns, behind the fields
  std::size_t stride_ = 0;                     ///< of the fixed part, a multiple of 8
};

}  // namespace flowrun::nodes
