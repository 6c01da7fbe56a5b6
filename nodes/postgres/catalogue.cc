#include "nodes/postgres/catalogue.h"

#include <algorithm>

namespace flowrun::postgres {
namespace {

constexpr const char* kRelation =
    "select c.oid, c.relkind, n.nspname, c.relname, "
    "exists (select from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal), "
    "exists (select from pg_constraint k where k.confrelid = c.oid and k.contype = 'f') "
    "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
    "where c.oid = to_regclass($1)";

// A domain is taken for what it stands on, whatever the number of domains in between.
constexpr const char* kColumns =
    "with recursive base(attnum, type, modifier) as ("
    " select attnum, atttypid, atttypmod from pg_attribute"
    " where attrelid = $1::oid and attnum > 0 and not attisdropped"
    " union all"
    " select b.attnum, t.typbasetype, case when b.modifier = -1 then t.typtypmod else b.modifier "
    "end"
    " from base b join pg_type t on t.oid = b.type where t.typtype = 'd') "
    "select a.attname, t.oid, b.modifier, format_type(a.atttypid, a.atttypmod), t.typtype = 'e', "
    "case when t.typcategory = 'A' then t.typelem else 0 end, a.attnotnull, "
    "a.atthasdef or a.attidentity <> '', a.attgenerated <> '' or a.attidentity = 'a' "
    "from pg_attribute a join base b on b.attnum = a.attnum "
    "join pg_type t on t.oid = b.type and t.typtype <> 'd' "
    "where a.attrelid = $1::oid order by a.attnum";

constexpr const char* kUniqueKeys =
    "select i.indisprimary, i.indexrelid, a.attname "
    "from pg_index i cross join lateral unnest(i.indkey::int2[]) with ordinality as k(attnum, "
    "place) "
    "join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum "
    "where i.indrelid = $1::oid and i.indisunique and i.indisvalid and i.indimmediate "
    "and i.indpred is null and i.indexprs is null and k.place <= i.indnkeyatts "
    "order by i.indisprimary desc, i.indexrelid, k.place";

RelationKind kind_of(std::string_view relkind) {
  if (relkind == "r" || relkind == "p") return RelationKind::table;
  if (relkind == "v" || relkind == "m") return RelationKind::view;
  return RelationKind::other;
}

void read_columns(Connection& connection, const std::string& oid, Relation& relation) {
  const auto rows = connection.execute(kColumns, {oid});
  for (int i = 0; i < rows.rows(); ++i) {
    relation.columns.push_back({.name = rows.string(i, 0),
                                .type = static_cast<Oid>(rows.int64(i, 1)),
                                .modifier = static_cast<int>(rows.int64(i, 2)),
                                .shown = rows.string(i, 3),
                                .is_enum = rows.boolean(i, 4),
                                .element = static_cast<Oid>(rows.int64(i, 5)),
                                .not_null = rows.boolean(i, 6),
                                .has_default = rows.boolean(i, 7),
                                .is_computed = rows.boolean(i, 8)});
  }
}

void read_keys(Connection& connection, const std::string& oid, Relation& relation) {
  const auto rows = connection.execute(kUniqueKeys, {oid});
  std::string index;
  for (int i = 0; i < rows.rows(); ++i) {
    if (rows.text(i, 1) != index) {
      index = rows.string(i, 1);
      relation.unique_keys.emplace_back();
    }
    relation.unique_keys.back().push_back(rows.string(i, 2));
    if (rows.boolean(i, 0)) relation.primary_key.push_back(rows.string(i, 2));
  }
}

}  // namespace

const RelationColumn* Relation::find(std::string_view column) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const auto& each) { return each.name == column; });
  return found == columns.end() ? nullptr : &*found;
}

std::optional<Relation> look_up(Connection& connection, const TableName& name) {
  const auto found = connection.execute(kRelation, {name.quoted()});
  if (found.rows() == 0) return std::nullopt;
  const auto oid = found.string(0, 0);
  Relation relation{.name = {found.string(0, 2), found.string(0, 3)},
                    .oid = static_cast<Oid>(found.int64(0, 0)),
                    .kind = kind_of(found.text(0, 1)),
                    .has_triggers = found.boolean(0, 4),
                    .is_referenced = found.boolean(0, 5)};
  read_columns(connection, oid, relation);
  read_keys(connection, oid, relation);
  return relation;
}

}  // namespace flowrun::postgres
