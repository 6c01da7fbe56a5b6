#include "nodes/postgres/source_relation.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "engine/core/error.h"

namespace flowrun::postgres {
namespace {

constexpr const char* kDescription = "flowrun_description";

/// Puts texts in the place of $1, $2, … where the planner wrote them; others stay.
std::string with_parameters(const RelationWish& wish, const std::vector<std::string>& texts) {
  std::string sql;
  std::size_t at = 0;
  for (std::size_t i = 0; i < wish.bound.size(); ++i) {
    const auto place = wish.bound[i].at;
    sql += wish.query.substr(at, place - at) + texts[i];
    at = place + fmt::format("${}", i + 1).size();
  }
  sql += wish.query.substr(at);
  // What ends a statement may not stand inside of one.
  const auto last = sql.find_last_not_of("; \t\r\n");
  return sql.substr(0, last == std::string::npos ? 0 : last + 1);
}

/// "integer" of a query's $1 where the pipeline says so; "" where the server is to find out.
std::string declared_type(const BoundValue& bound) {
  const auto type = bound.type.empty() ? std::nullopt : parse_type(bound.type);
  return type ? sql_type(*type) : std::string();
}

/// A prepared statement with the query's columns and no row, as long as it lives.
class Description {
 public:
  Description(Connection& connection, const std::string& query) : connection_(connection) {
    connection.execute(
        fmt::format("prepare {} as select * from ({}\n) as r limit 0", kDescription, query));
  }
  ~Description() {
    try {
      connection_.execute(fmt::format("deallocate {}", kDescription));
    } catch (const std::exception&) {
      // The session is lost, and what was prepared with it.
    }
  }
  Description(const Description&) = delete;
  Description& operator=(const Description&) = delete;

  /// The types of $1, $2, … that it has.
  [[nodiscard]] std::vector<std::string> parameters() const {
    const auto rows = connection_.execute(
        "select format_type(type, null) from pg_prepared_statements "
        "cross join unnest(parameter_types) with ordinality as t(type, place) "
        "where name = $1 order by place",
        {kDescription});
    std::vector<std::string> types;
    for (int row = 0; row < rows.rows(); ++row) types.push_back(rows.string(row, 0));
    return types;
  }
  [[nodiscard]] Result columns() const {
    return connection_.execute(fmt::format("execute {}", kDescription));
  }

 private:
  Connection& connection_;
};

/// The types of the query's parameters, found by preparing it.
std::vector<std::string> types_of_parameters(Connection& connection, const RelationWish& wish) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < wish.bound.size(); ++i) {
    const auto type = declared_type(wish.bound[i]);
    texts.push_back(type.empty() ? fmt::format("(${})", i + 1)
                                 : fmt::format("(${}::{})", i + 1, type));
  }
  auto types = Description(connection, with_parameters(wish, texts)).parameters();
  // Put there as a constant it could end the comment.
  if (types.size() < wish.bound.size()) {
    throw Error(Errc::plan,
                "the query cannot take a value for {}; it stands in a comment, or between $ signs",
                wish.bound[types.size()].written);
  }
  return types;
}

/// Enums and arrays are told apart by the catalogue.
void describe_types(Connection& connection, std::vector<RelationColumn>& columns) {
  for (auto& column : columns) {
    const auto row = connection.execute(
        "select typtype = 'e', case when typcategory = 'A' then typelem else 0 end, "
        "format_type(oid, $2::int) from pg_type where oid = $1::oid",
        {std::to_string(column.type), std::to_string(column.modifier)});
    if (row.rows() == 0) continue;
    column.is_enum = row.boolean(0, 0);
    column.element = static_cast<Oid>(row.int64(0, 1));
    column.shown = row.string(0, 2);
  }
}

RelationFound look_at_query(Connection& connection, const RelationWish& wish) {
  RelationFound found;
  if (!wish.bound.empty()) found.parameter_types = types_of_parameters(connection, wish);
  const Description description(connection,
                                query_with_values(connection, wish, found.parameter_types));
  if (!description.parameters().empty()) {
    throw Error(Errc::plan, "the query has parameters of its own; write ${{name}} instead");
  }
  const auto rows = description.columns();
  for (int i = 0; i < rows.columns(); ++i) {
    found.columns.push_back(
        {.name = rows.column_name(i), .type = rows.type(i), .modifier = rows.modifier(i)});
  }
  describe_types(connection, found.columns);
  return found;
}

}  // namespace

const RelationColumn* RelationFound::find(const std::string& name) const {
  const auto at = std::find_if(columns.begin(), columns.end(),
                               [&](const auto& column) { return column.name == name; });
  return at == columns.end() ? nullptr : &*at;
}

std::vector<std::string> RelationFound::names() const {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  return names;
}

std::optional<RelationFound> look_at(Connection& connection, const RelationWish& wish) {
  if (!wish.table) return look_at_query(connection, wish);
  auto relation = look_up(connection, *wish.table);
  if (!relation) return std::nullopt;
  return RelationFound{.columns = std::move(relation->columns),
                       .primary_key = std::move(relation->primary_key),
                       .parameter_types = {}};
}

std::string constant(Connection& connection, const std::string& text, const std::string& type) {
  return fmt::format("({}::{})", connection.quote(text), type);
}

std::string query_with_values(Connection& connection, const RelationWish& wish,
                              const std::vector<std::string>& types) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < wish.bound.size(); ++i) {
    const auto type = i < types.size() ? types[i] : declared_type(wish.bound[i]);
    texts.push_back(constant(connection, wish.bound[i].text, type.empty() ? "text" : type));
  }
  return with_parameters(wish, texts);
}

}  // namespace flowrun::postgres
