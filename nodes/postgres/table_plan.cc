#include "nodes/postgres/table_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"
#include "nodes/postgres/copy_form.h"

namespace flowrun::postgres {
namespace {

/// What a page of 8 kB has for one row.
constexpr std::size_t kPageRow = 8160;
constexpr std::size_t kRowHeader = 23;

std::string quoted_list(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + quote_identifier(name);
  return list;
}

bool is_in(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::size_t aligned(std::size_t at, std::size_t to) { return (at + to - 1) / to * to; }

std::string create_statement(const TableWish& wish) {
  std::string sql = "create table " + wish.table.quoted() + " (";
  for (const auto& field : wish.schema->fields()) {
    if (&field != wish.schema->fields().data()) sql += ", ";
    sql += quote_identifier(field.name) + " " + declared_type(field.type);
    if (is_in(wish.key, field.name)) sql += " not null";
  }
  if (!wish.key.empty()) sql += ", primary key (" + quoted_list(wish.key) + ")";
  return sql + ")";
}

void check_size(const TableWish& wish) {
  const auto bytes = least_row_bytes(*wish.schema);
  if (bytes <= kPageRow) return;
  throw Error(Errc::plan,
              "table {} cannot be made: a row of its {} columns takes at least {} bytes, and "
              "PostgreSQL has room for {}; split the columns over several tables with select",
              wish.table.shown(), wish.schema->size(), bytes, kPageRow);
}

/// Columns that rows bring and the table lacks.
std::vector<std::string> missing_columns(const Relation& relation, const TableWish& wish) {
  std::vector<std::string> statements;
  for (const auto& field : wish.schema->fields()) {
    if (relation.find(field.name) != nullptr) continue;
    statements.push_back("alter table " + relation.name.quoted() + " add column " +
                         quote_identifier(field.name) + " " + declared_type(field.type));
  }
  return statements;
}

const char* way_out(Type from) {
  switch (from.id) {
    case TypeId::timestamp:
    case TypeId::timestamptz:
      return "make the one the other with derive, saying which time zone is meant, or change the "
             "table";
    case TypeId::string:
      return "cast it in the source's columns or with derive, or change the table";
    default:
      return "cast it with derive, or change the table";
  }
}

void check_column(const Relation& relation, const Field& field) {
  const auto* column = relation.find(field.name);
  if (column == nullptr) return;
  if (column->is_computed) {
    throw Error(Errc::plan,
                "column \"{}\" of table {} is generated and takes no values; drop it before the "
                "sink",
                field.name, relation.name.shown());
  }
  if (form_of(field.type, *column)) return;
  throw Error(Errc::plan, "column \"{}\" is {}, and the column of table {} is {}; {}", field.name,
              to_string(field.type), relation.name.shown(), column->shown, way_out(field.type));
}

void check_not_delivered(const Relation& relation, const TableWish& wish) {
  for (const auto& column : relation.columns) {
    if (wish.schema->index_of(column.name) || column.is_computed) continue;
    if (column.not_null && !column.has_default) {
      throw Error(Errc::plan,
                  "column \"{}\" of table {} must not be null, has no default, and nothing that "
                  "arrives is called so",
                  column.name, relation.name.shown());
    }
    if (wish.whole_rows) {
      throw Error(
          Errc::plan,
          "plan = \"delete_insert\" replaces whole rows, and column \"{}\" of table {} does "
          "not arrive: it would be lost; deliver it, or leave plan out",
          column.name, relation.name.shown());
    }
  }
}

void check_key(const Relation& relation, const TableWish& wish) {
  const auto is_key = [&](const auto& names) {
    return names.size() == wish.key.size() &&
           std::is_permutation(names.begin(), names.end(), wish.key.begin());
  };
  if (!wish.needs_key ||
      std::any_of(relation.unique_keys.begin(), relation.unique_keys.end(), is_key)) {
    return;
  }
  const auto keys = quoted_list(wish.key);
  throw Error(Errc::plan,
              "table {} has no unique index on the key ({}); make one: create unique index on {} "
              "({})",
              relation.name.shown(), keys, relation.name.quoted(), keys);
}

void check_schema(Connection& connection, const TableName& table) {
  if (table.schema.empty()) {
    if (!connection.execute("select current_schema()").is_null(0, 0)) return;
    throw Error(Errc::plan,
                "no schema of the search path exists, so that table {} has no place; write its "
                "name with its schema's",
                table.shown());
  }
  const auto found =
      connection.execute("select 1 from pg_namespace where nspname = $1", {table.schema});
  if (found.rows() != 0) return;
  const auto schema = quote_identifier(table.schema);
  throw Error(Errc::plan,
              "there is no schema {} for table {}; make it, or let the sink do so: before = "
              "['create schema if not exists {}']",
              schema, table.shown(), schema);
}

}  // namespace

std::size_t least_row_bytes(const Schema& schema) {
  std::size_t at = 0;
  for (const auto& field : schema.fields()) {
    // Text may be short, or long and elsewhere: a byte is the least. Its alignment is 1, then.
    const auto width = static_cast<std::size_t>(field.type.width());
    switch (field.type.id) {
      case TypeId::boolean:
      case TypeId::string:
      case TypeId::bytes:
        at += 1;
        break;
      case TypeId::decimal:
        at += 3;
        break;
      default:
        at = aligned(at, width) + width;
    }
  }
  return aligned(kRowHeader, 8) + at;
}

std::vector<std::string> plan_new_table(const TableWish& wish) {
  const auto create = create_statement(wish);
  if (!wish.create) {
    throw Error(Errc::plan, "there is no table {}; set create = true, or make it: {}",
                wish.table.shown(), create);
  }
  check_size(wish);
  std::vector<std::string> statements{create};
  const bool leads = !wish.key.empty() && wish.key.front() == wish.index;
  if (!wish.index.empty() && !leads) {
    statements.push_back("create index on " + wish.table.quoted() + " (" +
                         quote_identifier(wish.index) + ")");
  }
  return statements;
}

std::vector<std::string> plan_table(Connection& connection, const TableWish& wish) {
  const auto relation = look_up(connection, wish.table);
  if (!relation) {
    if (wish.create) check_schema(connection, wish.table);
    return plan_new_table(wish);
  }
  if (relation->kind != RelationKind::table) {
    throw Error(Errc::plan, "{} is {}; name the table behind it", relation->name.shown(),
                relation->kind == RelationKind::view ? "a view" : "no table");
  }
  for (const auto& field : wish.schema->fields()) check_column(*relation, field);
  auto statements = missing_columns(*relation, wish);
  if (!statements.empty() && !wish.add_columns) {
    std::string all;
    for (const auto& statement : statements) all += (all.empty() ? "" : "; ") + statement;
    throw Error(Errc::plan, "table {} lacks {} column{}; set evolve = \"add_columns\", or run: {}",
                relation->name.shown(), statements.size(), statements.size() == 1 ? "" : "s", all);
  }
  if (relation->columns.size() + statements.size() > kMaxColumns) {
    throw Error(Errc::plan,
                "table {} would have {} columns, and PostgreSQL allows {}; split it into several",
                relation->name.shown(), relation->columns.size() + statements.size(), kMaxColumns);
  }
  check_not_delivered(*relation, wish);
  check_key(*relation, wish);
  return statements;
}

std::string make_up_of(Connection& connection, const TableName& table) {
  return connection
      .execute(
          "select string_agg(attrelid || ':' || attnum || ':' || attname || ':' || atttypid "
          "|| ':' || atttypmod || ':' || attnotnull, ',' order by attnum) from pg_attribute "
          "where attrelid = to_regclass($1) and attnum > 0 and not attisdropped",
          {table.quoted()})
      .string(0, 0);
}

}  // namespace flowrun::postgres
