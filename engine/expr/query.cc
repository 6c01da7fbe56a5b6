#include "engine/expr/query.h"

#include <fmt/format.h>
#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>

#include <functional>
#include <memory>
#include <set>
#include <utility>

namespace flowrun::expr {
namespace {

constexpr std::size_t kMostBytes = 256 * 1024;
constexpr int kMostDepth = 1000;

using Visit = std::function<void(const ProtobufCMessage&)>;

/// Calls `visit` for every message of a tree, by its own description of its fields.
void walk(const ProtobufCMessage& message, const Visit& visit, int depth = 0) {
  if (depth > kMostDepth) return;
  visit(message);
  const auto* base = reinterpret_cast<const char*>(&message);
  for (unsigned i = 0; i < message.descriptor->n_fields; ++i) {
    const auto& field = message.descriptor->fields[i];
    if (field.type != PROTOBUF_C_TYPE_MESSAGE) continue;
    const bool one_of = (field.flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
    if (one_of) {
      const auto chosen = *reinterpret_cast<const std::uint32_t*>(base + field.quantifier_offset);
      if (chosen != field.id) continue;
    }
    if (field.label != PROTOBUF_C_LABEL_REPEATED) {
      const auto* child = *reinterpret_cast<ProtobufCMessage* const*>(base + field.offset);
      if (child != nullptr) walk(*child, visit, depth + 1);
      continue;
    }
    const auto count = *reinterpret_cast<const std::size_t*>(base + field.quantifier_offset);
    auto* const* children = *reinterpret_cast<ProtobufCMessage* const* const*>(base + field.offset);
    for (std::size_t n = 0; n < count; ++n) walk(*children[n], visit, depth + 1);
  }
}

bool is_empty(const char* text) { return text == nullptr || *text == '\0'; }

std::vector<std::string> tables_of(const ProtobufCMessage& tree) {
  std::set<std::string> found;
  std::set<std::string> own;  // names that the query itself gives
  walk(tree, [&](const ProtobufCMessage& message) {
    if (message.descriptor == &pg_query__common_table_expr__descriptor) {
      const auto& cte = reinterpret_cast<const PgQuery__CommonTableExpr&>(message);
      if (!is_empty(cte.ctename)) own.insert(cte.ctename);
    }
    if (message.descriptor != &pg_query__range_var__descriptor) return;
    const auto& table = reinterpret_cast<const PgQuery__RangeVar&>(message);
    const std::string schema =
        is_empty(table.schemaname) ? "" : std::string(table.schemaname) + ".";
    found.insert(schema + table.relname);
  });
  std::vector<std::string> tables;
  for (const auto& name : found) {
    if (!own.contains(name)) tables.push_back(name);
  }
  return tables;
}

/// The name that PostgreSQL gives to a column; "" where the text does not say.
std::string name_of(const PgQuery__ResTarget& target) {
  if (!is_empty(target.name)) return target.name;
  const auto* value = target.val;
  if (value == nullptr || value->node_case != PG_QUERY__NODE__NODE_COLUMN_REF) return {};
  const auto& reference = *value->column_ref;
  if (reference.n_fields == 0) return {};
  const auto* last = reference.fields[reference.n_fields - 1];
  return last->node_case == PG_QUERY__NODE__NODE_STRING ? last->string->sval : "";
}

std::vector<std::string> columns_of(const PgQuery__SelectStmt& statement) {
  const auto* select = &statement;
  while (select->larg != nullptr) select = select->larg;  // a union is called by its first part
  std::vector<std::string> columns;
  for (std::size_t i = 0; i < select->n_target_list; ++i) {
    const auto* target = select->target_list[i];
    if (target->node_case != PG_QUERY__NODE__NODE_RES_TARGET) return {};
    columns.push_back(name_of(*target->res_target));
    if (columns.back().empty()) return {};
  }
  return columns;
}

struct FreeTree {
  void operator()(PgQuery__ParseResult* tree) const {
    pg_query__parse_result__free_unpacked(tree, nullptr);
  }
};

std::optional<QueryParts> parts_of(const PgQuery__ParseResult& tree, SyntaxError& error) {
  const bool is_select = tree.n_stmts == 1 && tree.stmts[0]->stmt != nullptr &&
                         tree.stmts[0]->stmt->node_case == PG_QUERY__NODE__NODE_SELECT_STMT;
  if (!is_select || tree.stmts[0]->stmt->select_stmt->into_clause != nullptr) {
    error = {"a query is one select and nothing else", "", 0};
    return std::nullopt;
  }
  bool writes = false;
  walk(tree.base, [&](const ProtobufCMessage& message) {
    writes = writes || message.descriptor == &pg_query__insert_stmt__descriptor ||
             message.descriptor == &pg_query__update_stmt__descriptor ||
             message.descriptor == &pg_query__delete_stmt__descriptor;
  });
  if (writes) {
    error = {"a query reads, and this one writes", "", 0};
    return std::nullopt;
  }
  return QueryParts{tables_of(tree.base), columns_of(*tree.stmts[0]->stmt->select_stmt)};
}

}  // namespace

std::optional<QueryParts> read_query(std::string_view text, SyntaxError& error) {
  if (text.size() > kMostBytes || text.find('\0') != std::string_view::npos) {
    error = {fmt::format("a query has at most {} bytes, none of them zero", kMostBytes), "", 0};
    return std::nullopt;
  }
  auto result = pg_query_parse_protobuf(std::string(text).c_str());
  std::optional<QueryParts> parts;
  if (result.error != nullptr) {
    error = {result.error->message, "", 0, true};
  } else {
    const std::unique_ptr<PgQuery__ParseResult, FreeTree> tree(pg_query__parse_result__unpack(
        nullptr, result.parse_tree.len,
        reinterpret_cast<const std::uint8_t*>(result.parse_tree.data)));
    if (tree) {
      parts = parts_of(*tree, error);
    } else {
      error = {"the query is nested too deeply", "", 0};
    }
  }
  pg_query_free_protobuf_parse_result(result);
  return parts;
}

}  // namespace flowrun::expr
