#include "nodes/sqlite/relation_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "nodes/formats/csv_format.h"
#include "nodes/formats/csv_record.h"
#include "nodes/sqlite/raw_rows.h"

namespace flowrun::nodes {
namespace {

class RawChunk final : public Chunk {
 public:
  RawChunk(std::size_t columns, std::uint64_t first) : rows(columns), first_row(first) {}
  RawRows rows;
  std::uint64_t first_row;  ///< its number in the relation, from 1
};

class RelationReader final : public Reader {
 public:
  RelationReader(const SqliteRelation& relation, SchemaRef schema, std::uint64_t number)
      : cursor_(RelationCursor::open(relation, *schema)),
        schema_(std::move(schema)),
        name_(relation.name()),
        number_(number) {
    if (cursor_) key_ = cursor_->key();
  }

  std::unique_ptr<Chunk> read(const ReadRequest& request, std::stop_token stop) override;
  void decode(Chunk& chunk, const ReadRequest& request, Output& out) const override;

 private:
  [[nodiscard]] std::vector<std::uint32_t> good_rows(const RawChunk& chunk,
                                                     std::vector<BadCell> bad, Output& out) const;
  void reject(const RawChunk& chunk, std::uint32_t row, Reject reject, Output& out) const;
  [[nodiscard]] std::string origin(const RawChunk& chunk, std::uint32_t row) const;
  [[nodiscard]] std::uint64_t ordinal(const RawChunk& chunk, std::uint32_t row) const {
    return Ordinals::pack(number_, chunk.first_row + row);
  }
  [[nodiscard]] Ordinals ordinals(const RawChunk& chunk,
                                  const std::vector<std::uint32_t>& rows) const;

  std::unique_ptr<RelationCursor> cursor_;  ///< null once all is read
  SchemaRef schema_;
  std::string name_;
  std::uint64_t number_;
  std::vector<std::string> key_;
  std::uint64_t next_row_ = 1;
};

std::unique_ptr<Chunk> RelationReader::read(const ReadRequest& request, std::stop_token stop) {
  if (!cursor_ || stop.stop_requested()) return nullptr;
  auto chunk = std::make_unique<RawChunk>(schema_->size() + key_.size(), next_row_);
  auto& rows = chunk->rows;
  bool more = true;
  {
    const std::stop_callback interrupt(stop, [this] { cursor_->interrupt(); });
    try {
      while (more && rows.rows() < request.rows && rows.bytes() < request.bytes) {
        more = cursor_->step();
        if (more) rows.add(cursor_->row(), key_.size());
      }
    } catch (const Error&) {
      if (!stop.stop_requested()) throw;
      return nullptr;
    }
  }
  if (!more) cursor_.reset();  // gives the writers of the file their way
  if (rows.rows() == 0) return nullptr;
  next_row_ += static_cast<std::uint64_t>(rows.rows());
  chunk->input_bytes = rows.bytes();
  return chunk;
}

std::string RelationReader::origin(const RawChunk& chunk, std::uint32_t row) const {
  const auto place = chunk.first_row + row;
  if (key_.empty()) return fmt::format("{}: row {}", name_, place);
  std::string key;
  for (std::size_t i = 0; i < key_.size(); ++i) {
    key += (i == 0 ? "" : ", ") + key_[i] + " " + shown_cell(chunk.rows, row, schema_->size() + i);
  }
  return fmt::format("{}: {}", name_, key);
}

void RelationReader::reject(const RawChunk& chunk, std::uint32_t row, Reject reject,
                            Output& out) const {
  reject.origin = origin(chunk, row);
  reject.record = record_text(record_of(chunk.rows, row, *schema_));
  reject.ordinal = ordinal(chunk, row);
  out.reject(std::move(reject));
}

/// Rejects every other row once, for its first bad column.
std::vector<std::uint32_t> RelationReader::good_rows(const RawChunk& chunk,
                                                     std::vector<BadCell> bad, Output& out) const {
  const auto column = [&](const BadCell& cell) { return std::pair(cell.row, cell.column); };
  std::sort(bad.begin(), bad.end(),
            [&](const BadCell& a, const BadCell& b) { return column(a) < column(b); });
  std::vector<std::uint32_t> good;
  auto next_bad = bad.begin();
  auto next_long = chunk.rows.too_long().begin();
  for (std::uint32_t row = 0; row < static_cast<std::uint32_t>(chunk.rows.rows()); ++row) {
    if (next_long != chunk.rows.too_long().end() && *next_long == row) {
      ++next_long;
      reject(chunk, row, {.reason = long_row_reason(kMaxRowBytes)}, out);
    } else if (next_bad != bad.end() && next_bad->row == row) {
      reject(chunk, row,
             {.reason = next_bad->reason,
              .column = schema_->field(next_bad->column).name,
              .value = shown_cell(chunk.rows, row, next_bad->column)},
             out);
    } else {
      good.push_back(row);
    }
    while (next_bad != bad.end() && next_bad->row == row) ++next_bad;
  }
  return good;
}

Ordinals RelationReader::ordinals(const RawChunk& chunk,
                                  const std::vector<std::uint32_t>& rows) const {
  auto values = Buffer::allocate(rows.size() * sizeof(std::uint64_t));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    values->mutable_as<std::uint64_t>()[i] = ordinal(chunk, rows[i]);
  }
  return {.values = std::move(values)};
}

void RelationReader::decode(Chunk& chunk, const ReadRequest& /*request*/, Output& out) const {
  const auto* raw = dynamic_cast<const RawChunk*>(&chunk);
  if (raw == nullptr) bug("a reader of a database was given a piece that it did not read");
  std::vector<BadCell> bad;
  std::vector<ColumnRef> columns;
  columns.reserve(schema_->size());
  for (std::size_t i = 0; i < schema_->size(); ++i) {
    columns.push_back(decode_column(raw->rows, i, schema_->field(i).type, bad));
  }
  const auto emit = [&](std::int64_t rows, Ordinals order) {
    out.emit(0, std::make_shared<const Batch>(schema_, std::move(columns), rows, std::move(order)));
  };
  if (bad.empty() && raw->rows.too_long().empty()) {
    return emit(raw->rows.rows(), {.first = ordinal(*raw, 0)});
  }
  const auto good = good_rows(*raw, std::move(bad), out);
  if (good.empty()) return;
  for (auto& column : columns) column = take(*column, good);
  emit(static_cast<std::int64_t>(good.size()), ordinals(*raw, good));
}

}  // namespace

std::unique_ptr<Reader> open_relation(const SqliteRelation& relation, SchemaRef schema,
                                      std::uint64_t number) {
  return std::make_unique<RelationReader>(relation, std::move(schema), number);
}

}  // namespace flowrun::nodes
