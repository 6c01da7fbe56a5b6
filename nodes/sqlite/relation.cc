#include "nodes/sqlite/relation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "engine/core/diagnostic.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/hash.h"
#include "engine/data/text.h"
#include "nodes/sqlite/declared_type.h"
#include "nodes/sqlite/table.h"

namespace flowrun::nodes {
namespace {

using sqlite::quote_identifier;
using sqlite::Statement;
using sqlite::ValueKind;

constexpr Micros kPatience = 60 * kSecond;  // while a writer has the whole file locked

/// A line end of its own, so that a comment at the query's end ends there.
std::string from_clause(const SqliteRelation& relation) {
  if (!relation.table.empty()) return " from " + quote_identifier(relation.table);
  return " from (" + relation.query + "\n)";
}

/// "table" or "view"; "" where there is none. A query has no kind.
std::string kind_of(sqlite::Connection& connection, const std::string& table) {
  auto row = connection.prepare(
      "select type from sqlite_schema where name = ? collate nocase and type in ('table', 'view')");
  return row.bind(table).step() ? row.text(0) : std::string();
}

void bind_one(Statement& statement, int number, const BoundValue& bound) {
  const auto type = parse_type(bound.type);
  const auto integer = type == kInt64 || type == kBoolean ? parse_int64(bound.text) : std::nullopt;
  const auto flag = type == kBoolean ? parse_bool(bound.text) : std::nullopt;
  const auto real = type == kFloat64 ? parse_float64(bound.text) : std::nullopt;
  if (integer || flag) {
    statement.bind_int64(number, integer.value_or(flag.value_or(false) ? 1 : 0));
  } else if (real) {
    statement.bind_float64(number, *real);
  } else {
    statement.bind_text(number, bound.text);
  }
}

/// Gives the parameters of a query their values; those live as long as `relation`.
void bind_values(Statement& statement, const SqliteRelation& relation) {
  for (std::size_t i = 0; i < relation.bound.size(); ++i) {
    const auto number = statement.parameter(fmt::format("${}", i + 1));
    if (number) bind_one(statement, *number, relation.bound[i]);
  }
  if (statement.parameters() > static_cast<int>(relation.bound.size())) {
    throw Error(Errc::plan, "{}: the query has parameters of its own; write ${{name}} instead",
                relation.shown);
  }
}

RelationShape read_shape(sqlite::Connection& connection, const SqliteRelation& relation) {
  RelationShape shape;
  if (!relation.table.empty()) shape.is_view = kind_of(connection, relation.table) == "view";
  const auto statement = connection.prepare("select *" + from_clause(relation));
  for (int i = 0; i < statement.columns(); ++i) {
    shape.columns.push_back(
        {statement.column_name(i), type_of_declaration(statement.declared_type(i))});
  }
  return shape;
}

/// Whether a query fails for a table that is not there.
bool lacks_table(const Error& error) {
  return std::strstr(error.what(), "no such table: ") != nullptr;
}

/// The name under which a table shows the number of its rows; "" where it has none.
std::string rowid_of(sqlite::Connection& connection, const SqliteRelation& relation,
                     const RelationShape& shape) {
  auto row = connection.prepare(
      "select wr from pragma_table_list where schema = 'main' and "
      "name = ? collate nocase");
  if (row.bind(relation.table).step() && row.int64(0) != 0) return {};
  for (const auto* name : {"rowid", "_rowid_", "oid"}) {
    if (shape.find(name) == nullptr) return name;
  }
  return {};
}

std::vector<std::string> key_of(sqlite::Connection& connection, const SqliteRelation& relation,
                                const RelationShape& shape) {
  if (relation.table.empty() || shape.is_view) return {};
  if (auto rowid = rowid_of(connection, relation, shape); !rowid.empty()) return {rowid};
  std::vector<std::string> names;
  auto rows = connection.prepare("select name from pragma_table_xinfo(?) where pk > 0 order by pk");
  rows.bind(relation.table);
  while (rows.step()) names.push_back(rows.text(0));
  return names;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + quote_identifier(name);
  return list;
}

void check_names(const SqliteRelation& relation, const std::vector<std::string>& names,
                 const RelationShape& shape) {
  // SQLite would take a name in quotes that it does not know for a text.
  for (const auto& name : names) {
    if (shape.find(name) != nullptr) continue;
    const auto hint = suggest(name, shape.names());
    throw Error(Errc::data, "{} has no column \"{}\"{}{}", relation.name(), name,
                hint.empty() ? "" : "; ", hint);
  }
}

[[noreturn]] void fail_for_file(const SqliteRelation& relation) {
  throw Error(Errc::io, "there is no database {}", relation.shown);
}

}  // namespace

const RelationColumn* RelationShape::find(std::string_view name) const {
  const auto found =
      std::find_if(columns.begin(), columns.end(),
                   [&](const RelationColumn& column) { return same_name(column.name, name); });
  return found == columns.end() ? nullptr : &*found;
}

std::vector<std::string> RelationShape::names() const {
  std::vector<std::string> all;
  for (const auto& column : columns) all.push_back(column.name);
  return all;
}

std::optional<RelationShape> look_at(const SqliteRelation& relation) {
  if (size_of_file(relation.path) < 0) return std::nullopt;
  sqlite::Connection connection(relation.path, sqlite::OpenMode::read_only, kPatience);
  try {
    return read_shape(connection, relation);
  } catch (const Error& error) {
    if (lacks_table(error)) return std::nullopt;
    throw;
  }
}

RelationCursor::RelationCursor(SqliteRelation relation)
    : relation_(std::move(relation)),
      connection_(relation_.path, sqlite::OpenMode::read_only, kPatience) {}

std::unique_ptr<RelationCursor> RelationCursor::open(const SqliteRelation& relation,
                                                     const Schema& schema) {
  if (size_of_file(relation.path) < 0) {
    if (relation.empty_if_missing) return nullptr;
    fail_for_file(relation);
  }
  std::unique_ptr<RelationCursor> cursor(new RelationCursor(relation));
  try {
    const auto shape = read_shape(cursor->connection_, relation);
    check_names(relation, schema.names(), shape);
    check_names(relation, relation.order_by, shape);
    cursor->prepare(schema, shape);
  } catch (const Error& error) {
    if (relation.empty_if_missing && lacks_table(error)) return nullptr;
    throw;
  }
  return cursor;
}

void RelationCursor::prepare(const Schema& schema, const RelationShape& shape) {
  key_ = key_of(connection_, relation_, shape);
  if (key_.empty() && relation_.order_by.empty() && !relation_.any_order) {
    throw Error(Errc::plan, "{} is a view, and its rows have no order; say which: order_by = […]",
                relation_.name());
  }
  auto columns = schema.names();
  columns.insert(columns.end(), key_.begin(), key_.end());
  auto order = relation_.order_by;
  order.insert(order.end(), key_.begin(), key_.end());
  auto sql = "select " + list_of(columns) + from_clause(relation_);
  if (!order.empty()) sql += " order by " + list_of(order);
  statement_ = connection_.prepare(sql);
  bind_values(statement_, relation_);
}

std::string fingerprint_of(const SqliteRelation& relation, const Schema& schema) {
  const auto cursor = RelationCursor::open(relation, schema);
  if (!cursor) return fingerprint("no table");
  const bool is_ordered = !cursor->key().empty() || !relation.order_by.empty();
  Fingerprinter all;
  std::string bytes;
  std::array<std::uint64_t, 3> sums{};  // rows, and two hashes of each: in any order
  const auto add_word = [&](std::uint64_t word) {
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  };
  constexpr std::size_t kAtOnce = 64U << 10U;
  while (cursor->step()) {
    const auto& row = cursor->row();
    for (int i = 0; i < static_cast<int>(schema.size()); ++i) {
      const auto kind = row.kind(i);
      bytes += static_cast<char>(kind);
      if (kind == ValueKind::integer) add_word(static_cast<std::uint64_t>(row.int64(i)));
      if (kind == ValueKind::real) add_word(std::bit_cast<std::uint64_t>(row.float64(i)));
      if (kind != ValueKind::text && kind != ValueKind::blob) continue;
      add_word(row.bytes(i).size());
      bytes += row.bytes(i);
    }
    if (is_ordered && bytes.size() < kAtOnce) continue;
    if (is_ordered) {
      all.add(bytes);
    } else {
      sums[0] += 1;
      sums[1] += hash64(bytes, 1);
      sums[2] += hash64(bytes, 2);
    }
    bytes.clear();
  }
  for (const auto sum : sums) add_word(sum);
  all.add(bytes);
  return all.digest();
}

}  // namespace flowrun::nodes
