#include "engine/data/batch_bytes.h"

#include <array>
#include <cstring>
#include <utility>
#include <vector>

namespace flowrun {
namespace {

constexpr std::size_t kAlign = 64;

struct BlockHeader {
  std::int64_t rows;
  std::uint64_t first_ordinal;
  std::uint64_t ordinal_bytes;  // 0 where ordinals are consecutive
};

struct ColumnHeader {
  std::int64_t null_count;
  std::uint64_t dictionary_id;
  std::uint64_t validity_bytes;
  std::uint64_t values_bytes;
  std::uint64_t data_bytes;
};

std::size_t padded(std::size_t size) { return (size + kAlign - 1) / kAlign * kAlign; }

/// Copies `count` bits that start anywhere to the front of `to`.
void copy_bits(std::uint8_t* to, const std::uint8_t* from, std::int64_t offset,
               std::int64_t count) {
  const auto* source = from + offset / 8;
  const auto size = bytes_for_bits(count);
  const auto shift = static_cast<unsigned>(offset % 8);
  if (shift == 0) {
    std::memcpy(to, source, size);
    return;
  }
  const auto last = bytes_for_bits(offset % 8 + count) - 1;  // memory from elsewhere may end here
  for (std::size_t i = 0; i < size; ++i) {
    const int next = i < last ? source[i + 1] : 0;
    to[i] = static_cast<std::uint8_t>(source[i] >> shift | next << (8 - shift));
  }
}

/// Whether a column keeps its codes in a block.
bool keeps_codes(const Column& column) {
  return column.is_dictionary() && column.dictionary_id() != 0;
}

const std::int32_t* offsets_of(const Column& column) {
  return column.parts().values->as<std::int32_t>() + column.parts().offset;
}

ColumnHeader header_of(const Column& column) {
  const auto& parts = column.parts();
  const auto rows = static_cast<std::size_t>(parts.length);
  ColumnHeader header{.null_count = parts.null_count,
                      .dictionary_id = 0,
                      .validity_bytes = 0,
                      .values_bytes = 0,
                      .data_bytes = 0};
  if (parts.null_count != 0) header.validity_bytes = bytes_for_bits(parts.length);
  if (keeps_codes(column)) {
    header.dictionary_id = parts.dictionary_id;
    header.values_bytes = rows * sizeof(std::int32_t);
  } else if (parts.type.is_text()) {
    const auto* offsets = offsets_of(column);
    header.values_bytes = (rows + 1) * sizeof(std::int32_t);
    header.data_bytes = static_cast<std::uint64_t>(offsets[rows] - offsets[0]);
  } else if (parts.type.id == TypeId::boolean) {
    header.values_bytes = bytes_for_bits(parts.length);
  } else {
    header.values_bytes = rows * static_cast<std::size_t>(parts.type.width());
  }
  return header;
}

/// Fills a block piece by piece, each piece aligned.
class BlockWriter {
 public:
  explicit BlockWriter(std::size_t size) : block_(Buffer::allocate(size)) {}

  std::uint8_t* piece(std::size_t size) {
    auto* at = block_->mutable_data() + at_;
    at_ += padded(size);
    std::memset(at + size, 0, padded(size) - size);  // what the memory held before is nobody's
    return at;
  }
  void piece(const void* from, std::size_t size) {
    auto* to = piece(size);
    if (size != 0) std::memcpy(to, from, size);
  }
  std::shared_ptr<Buffer> take() { return std::move(block_); }

 private:
  std::shared_ptr<Buffer> block_;
  std::size_t at_ = 0;
};

void write_column(BlockWriter& out, const Column& column, const ColumnHeader& header) {
  const auto& parts = column.parts();
  if (header.validity_bytes != 0) {
    copy_bits(out.piece(header.validity_bytes), parts.validity->data(), parts.offset, parts.length);
  }
  auto* values = out.piece(header.values_bytes);
  if (parts.type.id == TypeId::boolean) {
    copy_bits(values, parts.values->data(), parts.offset, parts.length);
  } else if (parts.type.is_text() && !column.is_dictionary()) {
    const auto* offsets = offsets_of(column);
    auto* to = reinterpret_cast<std::int32_t*>(values);
    for (std::int64_t i = 0; i <= parts.length; ++i) to[i] = offsets[i] - offsets[0];
    out.piece(parts.data->data() + offsets[0], header.data_bytes);
  } else if (header.values_bytes != 0) {
    const auto width = header.values_bytes / static_cast<std::uint64_t>(parts.length);
    std::memcpy(values, parts.values->data() + static_cast<std::uint64_t>(parts.offset) * width,
                header.values_bytes);
  }
}

/// Cuts a block into the pieces that BlockWriter made.
class BlockReader {
 public:
  explicit BlockReader(const BufferRef& block) : block_(block) {}

  const std::uint8_t* piece(std::size_t size) {
    const auto* at = block_->data() + at_;
    at_ += padded(size);
    return at;
  }
  BufferRef buffer(std::size_t size) { return Buffer::wrap(piece(size), size, block_); }

 private:
  const BufferRef& block_;
  std::size_t at_ = 0;
};

ColumnRef read_column(BlockReader& in, Type type, std::int64_t rows, const ColumnHeader& header,
                      const DictionaryAges& dictionaries) {
  ColumnParts parts{.type = type, .length = rows, .null_count = header.null_count};
  if (header.validity_bytes != 0) parts.validity = in.buffer(header.validity_bytes);
  parts.values = in.buffer(header.values_bytes);
  if (header.dictionary_id != 0) {
    parts.dictionary = dictionaries.at(header.dictionary_id);
    parts.dictionary_id = header.dictionary_id;
  } else if (type.is_text()) {
    parts.data = in.buffer(header.data_bytes);
  }
  return std::make_shared<const Column>(std::move(parts));
}

}  // namespace

void DictionaryAges::note(const Column& column) {
  auto& newest = newest_[column.dictionary_id()];
  if (!newest || newest->length() < column.dictionary()->length()) newest = column.dictionary();
}

BufferRef batch_to_bytes(const Batch& batch, DictionaryAges& dictionaries) {
  const auto rows = static_cast<std::size_t>(batch.rows());
  const auto& ordinals = batch.ordinals();
  const BlockHeader head{.rows = batch.rows(),
                         .first_ordinal = ordinals.first,
                         .ordinal_bytes = ordinals.values ? rows * sizeof(std::uint64_t) : 0};
  std::vector<ColumnRef> columns;
  std::vector<ColumnHeader> headers;
  std::size_t size = padded(sizeof head) + padded(head.ordinal_bytes);
  for (const auto& column : batch.columns()) {
    if (keeps_codes(*column)) dictionaries.note(*column);
    columns.push_back(keeps_codes(*column) ? column : decode_dictionary(column));
    headers.push_back(header_of(*columns.back()));
    const auto& last = headers.back();
    size += padded(last.validity_bytes) + padded(last.values_bytes) + padded(last.data_bytes);
  }
  BlockWriter out(size + padded(headers.size() * sizeof(ColumnHeader)));
  out.piece(&head, sizeof head);
  out.piece(headers.data(), headers.size() * sizeof(ColumnHeader));
  if (ordinals.values) {
    out.piece(ordinals.values->as<std::uint64_t>() + ordinals.offset, head.ordinal_bytes);
  }
  for (std::size_t i = 0; i < columns.size(); ++i) write_column(out, *columns[i], headers[i]);
  return out.take();
}

BatchRef batch_from_bytes(const SchemaRef& schema, const BufferRef& block,
                          const DictionaryAges& dictionaries) {
  BlockReader in(block);
  BlockHeader head{};
  std::memcpy(&head, in.piece(sizeof head), sizeof head);
  std::vector<ColumnHeader> headers(schema->size());
  const auto* from = in.piece(headers.size() * sizeof(ColumnHeader));
  if (!headers.empty()) std::memcpy(headers.data(), from, headers.size() * sizeof(ColumnHeader));
  Ordinals ordinals{.first = head.first_ordinal};
  if (head.ordinal_bytes != 0) ordinals.values = in.buffer(head.ordinal_bytes);
  std::vector<ColumnRef> columns;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    columns.push_back(read_column(in, schema->field(i).type, head.rows, headers[i], dictionaries));
  }
  return std::make_shared<const Batch>(schema, std::move(columns), head.rows, std::move(ordinals));
}

}  // namespace flowrun
