#include "engine/expr/syntax.h"

#include <fmt/format.h>
#include <pg_query.h>

#include <algorithm>
#include <utility>

#include "engine/expr/tree_reader.h"

namespace flowrun::expr {
namespace {

// libpg_query recurses: it is kept far from the end of the stack.
constexpr std::size_t kMostBytes = 16 * 1024;

constexpr std::string_view kBefore = "select (\n";
constexpr std::string_view kBeforeTarget = "select \n";

/// The only target of the only statement; nothing else may stand in it.
const PgQuery__ResTarget& only_target(const PgQuery__ParseResult& tree) {
  constexpr const char* kOne = "there must be one expression and nothing else";
  if (tree.n_stmts != 1 || tree.stmts[0]->stmt == nullptr ||
      tree.stmts[0]->stmt->node_case != PG_QUERY__NODE__NODE_SELECT_STMT) {
    throw Refused{kOne, "", 0};
  }
  const auto& select = *tree.stmts[0]->stmt->select_stmt;
  const bool more = select.n_distinct_clause != 0 || select.into_clause != nullptr ||
                    select.n_from_clause != 0 || select.where_clause != nullptr ||
                    select.n_group_clause != 0 || select.having_clause != nullptr ||
                    select.n_window_clause != 0 || select.n_values_lists != 0 ||
                    select.n_sort_clause != 0 || select.limit_offset != nullptr ||
                    select.limit_count != nullptr || select.n_locking_clause != 0 ||
                    select.with_clause != nullptr || select.larg != nullptr;
  if (more || select.n_target_list != 1) throw Refused{kOne, "", 0};
  return *select.target_list[0]->res_target;
}

/// Bytes in front of character `character` (from 1) of UTF-8 text.
std::size_t byte_of(std::string_view text, std::int64_t character) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool starts = (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
    if (starts && --character == 0) break;
  }
  return at;
}

/// libpg_query's words less those about the statement that it was put into.
std::string own_words(std::string message) {
  if (message == "syntax error at or near \")\"" || message == "syntax error at end of input") {
    return "something is missing at the end";
  }
  return message;
}

/// Whether the name at the end stands behind an "as": PostgreSQL takes a bare word for a name, too,
/// even the "and" of an expression that is not finished.
bool has_as(std::string_view text) {
  const auto last = text.find_last_not_of(" \t\r\n");
  if (last == std::string_view::npos) return false;
  text = text.substr(0, last + 1);
  const auto begin =
      text.back() == '"' ? text.rfind('"', text.size() - 2) : text.find_last_of(" \t\r\n)");
  if (begin == std::string_view::npos || begin == 0) return false;
  const auto end = text.find_last_not_of(" \t\r\n", text.back() == '"' ? begin - 1 : begin);
  if (end == std::string_view::npos || end < 2) return false;
  const auto word = text.substr(end - 1, 2);
  const char before = text[end - 2];
  return (word[0] == 'a' || word[0] == 'A') && (word[1] == 's' || word[1] == 'S') &&
         (before == ' ' || before == '\t' || before == '\n' || before == '\r' || before == ')');
}

std::optional<Target> parse(std::string_view text, bool with_name, SyntaxError& error) {
  if (text.size() > kMostBytes) {
    error = {fmt::format("an expression has at most {} bytes", kMostBytes), "split it up", 0};
    return std::nullopt;
  }
  if (const auto zero = text.find('\0'); zero != std::string_view::npos) {
    error = {"a zero byte stands in it", "", zero};
    return std::nullopt;
  }
  const auto before = with_name ? kBeforeTarget : kBefore;
  const auto statement = std::string(before) + std::string(text) + (with_name ? "\n" : "\n)");
  auto result = pg_query_parse_protobuf(statement.c_str());
  const auto fail = [&](std::string message, std::string hint, std::size_t at) {
    error = {std::move(message), std::move(hint), std::min(at, text.size())};
  };
  std::optional<Target> target;
  if (result.error != nullptr) {
    const auto at = byte_of(statement, result.error->cursorpos);
    fail(own_words(result.error->message), "", at - std::min(at, before.size()));
  } else {
    auto* tree = pg_query__parse_result__unpack(
        nullptr, result.parse_tree.len,
        reinterpret_cast<const std::uint8_t*>(result.parse_tree.data));
    try {
      const auto& found = only_target(*tree);
      if (!with_name && found.name != nullptr && *found.name != '\0') {
        throw Refused{"a name cannot stand here", "leave out what follows the expression", 0};
      }
      if (with_name && found.name != nullptr && *found.name != '\0' && !has_as(text)) {
        throw Refused{"something is missing at the end", "a name stands behind \"as\"",
                      static_cast<std::int32_t>(statement.size())};
      }
      if (found.val == nullptr) throw Refused{"there is nothing here", "", 0};
      target = Target{.syntax = read_tree(*found.val, before.size()),
                      .name = found.name == nullptr ? "" : found.name};
    } catch (const Refused& refused) {
      const auto at = static_cast<std::size_t>(std::max(refused.at, 0));
      fail(refused.message, refused.hint, at - std::min(at, before.size()));
    }
    pg_query__parse_result__free_unpacked(tree, nullptr);
  }
  pg_query_free_protobuf_parse_result(result);
  return target;
}

}  // namespace

std::optional<Syntax> parse_expression(std::string_view text, SyntaxError& error) {
  auto target = parse(text, false, error);
  if (!target) return std::nullopt;
  return std::move(target->syntax);
}

std::optional<Target> parse_target(std::string_view text, SyntaxError& error) {
  return parse(text, true, error);
}

}  // namespace flowrun::expr
