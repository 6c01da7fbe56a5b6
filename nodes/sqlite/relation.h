// What sources and lookups read of an SQLite database: a table, a view or a query.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/schema.h"
#include "engine/spec/option.h"
#include "engine/sqlite/connection.h"

namespace flowrun::nodes {

/// A table (or view) or a query, by name; nothing is looked at yet.
struct SqliteRelation {
  std::string path;   ///< absolute
  std::string shown;  ///< the path as it was written
  std::string table;  ///< "" where it is a query
  std::string query;
  std::vector<BoundValue> bound;      ///< what $1, $2, … in the query stand for
  std::vector<std::string> order_by;  ///< columns; empty: the table's own order
  bool any_order = false;             ///< nobody minds in which order rows come
  bool empty_if_missing = false;      ///< a missing file or table has no rows

  /// "mart.db#dim_route" or, of a query, "mart.db".
  [[nodiscard]] std::string name() const { return table.empty() ? shown : shown + "#" + table; }
};

/// A column as the database describes it.
struct RelationColumn {
  std::string name;
  std::optional<Type> type;  ///< by its declaration; nothing where it has none
};

/// What a relation is like.
struct RelationShape {
  std::vector<RelationColumn> columns;
  bool is_view = false;
  /// By SQLite's rules, which ignore the case of ASCII letters.
  [[nodiscard]] const RelationColumn* find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;
};

/// Looks at a relation; nothing where the file or the table is missing. Never makes a file. Throws
/// Error(io) where the file is no database or the query is wrong.
[[nodiscard]] std::optional<RelationShape> look_at(const SqliteRelation& relation);

/// Rows of a relation, one by one, as they are in one moment. One thread, but for interrupt().
class RelationCursor {
 public:
  /// The rows with the columns of `schema`; null where the file or the table is missing and that
  /// means no rows. Rows of a table come in the order of `order_by`, then in that of its primary
  /// key or rowid. Throws Error(io), or Error(data) for a column that is not there.
  [[nodiscard]] static std::unique_ptr<RelationCursor> open(const SqliteRelation& relation,
                                                            const Schema& schema);

  /// Goes to the next row; false at the end.
  bool step() { return statement_.step(); }
  /// The columns, and behind them what tells a row from others: the rowid, or the primary key's
  /// columns; nothing in a query or a view.
  [[nodiscard]] const sqlite::Statement& row() const { return statement_; }
  [[nodiscard]] const std::vector<std::string>& key() const { return key_; }
  /// Makes step() fail. Any thread.
  void interrupt() { connection_.interrupt(); }

 private:
  explicit RelationCursor(SqliteRelation relation);
  void prepare(const Schema& schema, const RelationShape& shape);

  SqliteRelation relation_;  ///< its parameters are bound where they stand
  sqlite::Connection connection_;
  sqlite::Statement statement_;
  std::vector<std::string> key_;
};

/// A fingerprint of what a relation holds in the columns of `schema`: the same as long as its rows
/// are the same, in the same order where it has one, whatever else happens to the file.
[[nodiscard]] std::string fingerprint_of(const SqliteRelation& relation, const Schema& schema);

}  // namespace flowrun::nodes
