#include "nodes/sqlite/table.h"

#include <algorithm>

#include "engine/core/error.h"

namespace flowrun::nodes {
namespace {

using sqlite::quote_identifier;

/// Rows of at most this many columns live in the key's own tree: one look-up instead of two. Wider
/// ones would overflow its pages.
constexpr std::size_t kNarrow = 12;

struct TableColumn {
  std::string name;
  bool required = false;  ///< not null, and nothing fills it in
  bool generated = false;
  int key_position = 0;  ///< in the primary key, from 1; 0: not in it
};

struct TableInfo {
  std::string kind;  ///< "table" or "view"; "" where there is none
  std::vector<TableColumn> columns;
  std::vector<std::vector<std::string>> unique;  ///< sets of columns that no two rows share
  [[nodiscard]] const TableColumn* find(std::string_view name) const {
    const auto found = std::find_if(columns.begin(), columns.end(),
                                    [&](const TableColumn& c) { return same_name(c.name, name); });
    return found == columns.end() ? nullptr : &*found;
  }
};

bool same_names(std::vector<std::string> a, const std::vector<std::string>& b) {
  return a.size() == b.size() && std::is_permutation(a.begin(), a.end(), b.begin(), same_name);
}

void read_columns(sqlite::Connection& connection, const std::string& table, TableInfo& info) {
  auto rows = connection.prepare(
      "select name, \"notnull\", dflt_value, pk, hidden, lower(type) from pragma_table_xinfo(?)");
  rows.bind(table);
  std::vector<std::string> key;
  bool rowid_alias = false;
  while (rows.step()) {
    TableColumn column{.name = rows.text(0),
                       .required = rows.int64(1) != 0 && rows.is_null(2),
                       .generated = rows.int64(4) >= 2,
                       .key_position = static_cast<int>(rows.int64(3))};
    if (column.key_position > 0) key.push_back(column.name);
    rowid_alias = rowid_alias || (column.key_position > 0 && rows.text(5) == "integer");
    info.columns.push_back(std::move(column));
  }
  // A single "integer primary key" numbers its rows by itself.
  if (key.size() == 1 && rowid_alias) {
    for (auto& column : info.columns) column.required = column.required && column.key_position == 0;
  }
  if (!key.empty()) info.unique.push_back(std::move(key));
}

void read_indexes(sqlite::Connection& connection, const std::string& table, TableInfo& info) {
  auto indexes = connection.prepare(
      "select name from pragma_index_list(?) where \"unique\" = 1 and partial = 0");
  indexes.bind(table);
  auto columns = connection.prepare("select name from pragma_index_info(?)");
  while (indexes.step()) {
    columns.bind(indexes.text(0));
    std::vector<std::string> names;
    bool plain = true;
    while (columns.step()) {
      plain = plain && !columns.is_null(0);  // an expression has no name
      names.push_back(columns.text(0));
    }
    if (plain) info.unique.push_back(std::move(names));
  }
}

TableInfo read_table(sqlite::Connection& connection, const std::string& table) {
  TableInfo info;
  auto row = connection.prepare(
      "select type from sqlite_schema where name = ? collate nocase and type in ('table', 'view')");
  if (!row.bind(table).step()) return info;
  info.kind = row.text(0);
  read_columns(connection, table, info);
  read_indexes(connection, table, info);
  return info;
}

bool is_key(const TableWish& wish, const std::string& name) {
  return std::any_of(wish.key.begin(), wish.key.end(),
                     [&](const std::string& key) { return same_name(key, name); });
}

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + quote_identifier(name);
  return list;
}

std::string create_statement(const TableWish& wish) {
  std::string sql = "create table " + quote_identifier(wish.table) + " (";
  for (const auto& field : wish.schema->fields()) {
    if (&field != wish.schema->fields().data()) sql += ", ";
    sql += quote_identifier(field.name) + " " + declared_type(field.type);
    if (is_key(wish, field.name)) sql += " not null";
  }
  if (!wish.key.empty()) sql += ", primary key (" + list_of(wish.key) + ")";
  sql += ")";
  if (!wish.key.empty() && wish.schema->size() <= kNarrow) sql += " without rowid";
  return sql;
}

std::vector<std::string> plan_new(const TableWish& wish, const std::string& path,
                                  bool file_exists) {
  if (!wish.create) {
    throw Error(Errc::plan, "{}; set create = true, or make it: {}",
                file_exists ? "there is no table \"" + wish.table + "\" in " + path
                            : "there is no database " + path,
                create_statement(wish));
  }
  std::vector<std::string> statements{create_statement(wish)};
  const bool leads = !wish.key.empty() && same_name(wish.key.front(), wish.index);
  if (!wish.index.empty() && !leads) {
    statements.push_back("create index " + quote_identifier(wish.table + "_by_" + wish.index) +
                         " on " + quote_identifier(wish.table) + " (" +
                         quote_identifier(wish.index) + ")");
  }
  return statements;
}

/// Columns that rows bring and the table lacks.
std::vector<std::string> missing_columns(const TableInfo& info, const TableWish& wish,
                                         const std::string& path) {
  std::vector<std::string> statements;
  for (const auto& field : wish.schema->fields()) {
    const auto* column = info.find(field.name);
    if (column != nullptr && column->generated) {
      throw Error(
          Errc::plan,
          "column \"{}\" of table \"{}\" in {} is generated and takes no values; drop it before "
          "the sink",
          field.name, wish.table, path);
    }
    if (column != nullptr) continue;
    statements.push_back("alter table " + quote_identifier(wish.table) + " add column " +
                         quote_identifier(field.name) + " " + declared_type(field.type));
  }
  return statements;
}

void check_required(const TableInfo& info, const TableWish& wish, const std::string& path) {
  for (const auto& column : info.columns) {
    const auto& fields = wish.schema->fields();
    const bool arrives = std::any_of(fields.begin(), fields.end(), [&](const Field& field) {
      return same_name(field.name, column.name);
    });
    if (column.required && !arrives) {
      throw Error(
          Errc::plan,
          "column \"{}\" of table \"{}\" in {} must not be null, has no default, and nothing that "
          "arrives is called so",
          column.name, wish.table, path);
    }
  }
}

void check_key(const TableInfo& info, const TableWish& wish, const std::string& path) {
  const bool unique = std::any_of(info.unique.begin(), info.unique.end(),
                                  [&](const auto& names) { return same_names(names, wish.key); });
  if (wish.needs_key && !unique) {
    const auto keys = list_of(wish.key);
    throw Error(
        Errc::plan,
        "table \"{}\" in {} has no unique index on the key ({}); make one: create unique index {} "
        "on {} ({})",
        wish.table, path, keys, quote_identifier(wish.table + "_key"), quote_identifier(wish.table),
        keys);
  }
}

}  // namespace

const char* declared_type(Type type) {
  switch (type.id) {
    case TypeId::boolean:
    case TypeId::int64:
      return "integer";
    case TypeId::float64:
      return "real";
    case TypeId::bytes:
      return "blob";
    case TypeId::decimal:
    case TypeId::string:
    case TypeId::date:
    case TypeId::timestamp:
    case TypeId::timestamptz:
      return "text";
  }
  return "text";
}

std::string folded_name(std::string_view name) {
  std::string folded(name);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && folded_name(a) == folded_name(b);
}

std::vector<std::string> plan_table(sqlite::Connection* connection, const TableWish& wish,
                                    const std::string& path) {
  const auto info = connection == nullptr ? TableInfo{} : read_table(*connection, wish.table);
  if (info.kind.empty()) return plan_new(wish, path, connection != nullptr);
  if (info.kind == "view") {
    throw Error(Errc::plan, "\"{}\" in {} is a view; name the table behind it", wish.table, path);
  }
  auto statements = missing_columns(info, wish, path);
  if (!statements.empty() && !wish.add_columns) {
    std::string all;
    for (const auto& statement : statements) all += (all.empty() ? "" : "; ") + statement;
    throw Error(Errc::plan,
                "table \"{}\" in {} lacks {} column{}; set evolve = \"add_columns\", or run: {}",
                wish.table, path, statements.size(), statements.size() == 1 ? "" : "s", all);
  }
  if (info.columns.size() + statements.size() > static_cast<std::size_t>(sqlite::kMaxColumns)) {
    throw Error(
        Errc::plan,
        "table \"{}\" in {} would have {} columns, and SQLite allows {}; split it into several",
        wish.table, path, info.columns.size() + statements.size(), sqlite::kMaxColumns);
  }
  check_required(info, wish, path);
  check_key(info, wish, path);
  return statements;
}

}  // namespace flowrun::nodes
