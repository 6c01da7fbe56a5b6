// Puts batches into a table, several rows a statement, and finds the rows that SQLite refuses.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/batch.h"
#include "engine/spec/reject.h"
#include "nodes/sqlite/row_binder.h"
#include "nodes/sqlite/upsert_sql.h"

namespace flowrun::nodes {

/// Belongs to its connection; same thread rule.
class RowInserter {
 public:
  /// Rows that are null in one of the fields `key` are rejects.
  RowInserter(sqlite::Connection& connection, const InsertWish& wish, std::vector<std::size_t> key);
  RowInserter(const RowInserter&) = delete;
  RowInserter& operator=(const RowInserter&) = delete;

  /// Inserts the rows in order inside the caller's transaction. Throws Error(data) where the table
  /// rolls back the whole transaction for one row.
  void insert(const Batch& batch, std::vector<Reject>& rejects);

 private:
  [[nodiscard]] std::optional<std::size_t> null_key(const Batch& batch, std::int64_t row) const;
  void insert_one(const Batch& batch, std::int64_t row, std::vector<Reject>& rejects);
  void insert_group(const Batch& batch, std::vector<Reject>& rejects);
  void check_transaction(const std::string& reason) const;

  sqlite::Connection* connection_;
  std::string table_;
  std::vector<std::size_t> key_;
  std::size_t group_;
  sqlite::Statement one_statement_;
  sqlite::Statement many_statement_;
  RowBinder one_;
  RowBinder many_;
  std::vector<std::int64_t> waiting_;  ///< rows of the next group
};

}  // namespace flowrun::nodes
