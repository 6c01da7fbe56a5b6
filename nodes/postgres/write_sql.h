// The statements by which staged rows get into a table.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/data/schema.h"
#include "engine/spec/unit.h"
#include "nodes/postgres/copy_form.h"

namespace flowrun::postgres {

/// What happens to a row whose key is there already.
enum class OnConflict : std::uint8_t { fail, ignore, update };

/// One column that arrives.
struct WrittenColumn {
  RelationColumn column;
  CopyForm form;
  bool is_key = false;
  bool keeps_nulls = false;  ///< a null leaves the old value
};

struct WriteWish {
  TableName table;
  std::vector<WrittenColumn> columns;
  OnConflict on_conflict = OnConflict::fail;
  std::string version;       ///< a column: rows with an older one change nothing; "" for none
  bool stored_wins = false;  ///< updates fill columns that are null, and no others
};

/// Rows of the staging table, numbered from 0 in the order of the input.
struct StagedRows {
  std::string table;
  std::int64_t first = 0;
  std::int64_t end = -1;  ///< -1: all of them
  bool by_key = false;    ///< `first` and `end` count in the order of keys
  bool unique = false;    ///< no two rows of the stage have the same key
  bool only_new = false;  ///< leave rows out that the table has as they are
};

/// Makes a session's staging table for these columns, empty after every commit.
[[nodiscard]] std::string create_stage(const WriteWish& wish, const std::string& stage);
[[nodiscard]] std::string copy_into_stage(const WriteWish& wish, const std::string& stage);
/// COPY straight into the table.
[[nodiscard]] std::string copy_into_table(const WriteWish& wish);

/// The insert, with an ON CONFLICT clause where the wish has one; in the order of keys if
/// `ordered`.
[[nodiscard]] std::string insert_staged(const WriteWish& wish, const StagedRows& rows,
                                        bool ordered);
/// The same by MERGE, for on_conflict == update and a table that nobody else writes meanwhile.
[[nodiscard]] std::string merge_staged(const WriteWish& wish, const StagedRows& rows);
/// Deletes the rows of the table that have a staged row's key.
[[nodiscard]] std::string delete_staged(const WriteWish& wish, const StagedRows& rows);

/// Counts about `sample` rows of `rows` staged ones: all, and those that the table has as they are.
[[nodiscard]] std::string sample_staged(const WriteWish& wish, const std::string& stage,
                                        std::int64_t rows, std::int64_t sample);
/// Counts how many of `keys` keys the table has: parameters key by key, column by column.
[[nodiscard]] std::string count_keys(const WriteWish& wish, std::size_t keys);
/// A staging table's rows by the order of their keys, in a table `stage`_order (r, place).
[[nodiscard]] std::vector<std::string> order_stage(const WriteWish& wish, const std::string& stage);

/// Deletes the rows whose `column`, of type `type`, lies in `interval`.
[[nodiscard]] std::string delete_window(const TableName& table, const Field& column,
                                        Interval interval);
/// Deletes the rows whose `column` is null.
[[nodiscard]] std::string delete_unplaced(const TableName& table, const Field& column);

}  // namespace flowrun::postgres
