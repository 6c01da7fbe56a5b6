#include "nodes/sqlite/row_inserter.h"

#include <algorithm>

#include "engine/core/error.h"

namespace flowrun::nodes {
namespace {

/// A statement costs about as much as binding and storing ten values; beyond this many in one,
/// nothing more is won.
constexpr std::size_t kGroupValues = 96;
constexpr std::size_t kGroupRows = 16;

std::size_t rows_per_statement(std::size_t columns) {
  return std::clamp<std::size_t>(kGroupValues / std::max<std::size_t>(1, columns), 1, kGroupRows);
}

}  // namespace

RowInserter::RowInserter(sqlite::Connection& connection, const InsertWish& wish,
                         std::vector<std::size_t> key)
    : connection_(&connection),
      table_(wish.table),
      key_(std::move(key)),
      group_(rows_per_statement(wish.schema->size())),
      one_statement_(connection, insert_statement(wish, 1)),
      many_statement_(connection, insert_statement(wish, group_)),
      one_(one_statement_, *wish.schema, 1),
      many_(many_statement_, *wish.schema, group_) {
  waiting_.reserve(group_);
}

void RowInserter::insert(const Batch& batch, std::vector<Reject>& rejects) {
  one_.start(batch);
  many_.start(batch);
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    if (const auto column = null_key(batch, row)) {
      rejects.push_back({.reason = "key column is null",
                         .column = batch.schema().field(*column).name,
                         .record = record_of(batch, row),
                         .ordinal = batch.ordinal(row)});
      continue;
    }
    waiting_.push_back(row);
    if (waiting_.size() == group_) insert_group(batch, rejects);
  }
  for (const auto row : waiting_) insert_one(batch, row, rejects);
  waiting_.clear();
}

std::optional<std::size_t> RowInserter::null_key(const Batch& batch, std::int64_t row) const {
  for (const auto column : key_) {
    if (!batch.column(column).is_valid(row)) return column;
  }
  return std::nullopt;
}

void RowInserter::insert_group(const Batch& batch, std::vector<Reject>& rejects) {
  many_.bind(waiting_);
  if (many_statement_.try_step() == sqlite::Step::refused) {
    // Nothing of the statement was kept: row by row it comes out which of them it was.
    check_transaction(connection_->message());
    for (const auto row : waiting_) insert_one(batch, row, rejects);
  }
  waiting_.clear();
}

void RowInserter::insert_one(const Batch& batch, std::int64_t row, std::vector<Reject>& rejects) {
  one_.bind({&row, 1});
  if (one_statement_.try_step() != sqlite::Step::refused) return;
  auto reason = connection_->message();
  check_transaction(reason);
  rejects.push_back({.reason = std::move(reason),
                     .record = record_of(batch, row),
                     .ordinal = batch.ordinal(row)});
}

void RowInserter::check_transaction(const std::string& reason) const {
  if (connection_->in_transaction()) return;
  throw Error(
      Errc::data,
      "{}: table \"{}\" rolls back whole transactions where a row is refused; drop its ON CONFLICT "
      "ROLLBACK: {}",
      connection_->path(), table_, reason);
}

}  // namespace flowrun::nodes
