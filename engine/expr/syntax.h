// What was written in an expression, before anything is known of columns and types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flowrun::expr {

/// One node of an expression. Operators, predicates and keywords are calls by their name: "+",
/// "and", "in", "case", "is_null", "like", …
struct Syntax {
  enum class Kind { column, integer, number, text, boolean, null, parameter, call, cast, star };
  Kind kind = Kind::null;
  /// column: its name; number and text: as written, without quotes; call: what is called, in lower
  /// case; cast: the type's name.
  std::string name = {};
  std::int64_t integer = 0;  ///< integers and booleans; parameter: its number, from 1
  std::vector<Syntax> args = {};
  std::vector<std::int64_t> modifiers = {};  ///< cast: (18, 2) of numeric(18, 2)
  bool distinct = false;                     ///< count(distinct x)
  std::size_t at = 0;  ///< byte in the text; the operator's, where there is one
};

/// `sum(a * b) as revenue`: an expression with its name.
struct Target {
  Syntax syntax;
  std::string name;  ///< "" where none was given
};

/// What is wrong with a text, and where: a byte of it.
struct SyntaxError {
  std::string message;
  std::string hint;
  std::size_t at = 0;
  bool is_syntax = false;  ///< of a query: the grammar does not take it
};

/// Reads one scalar expression in PostgreSQL's grammar; `error` is set where nothing is returned.
/// Constructs outside the supported set are named as such. Any thread.
[[nodiscard]] std::optional<Syntax> parse_expression(std::string_view text, SyntaxError& error);

/// The same with a name behind it: `expression as name`.
[[nodiscard]] std::optional<Target> parse_target(std::string_view text, SyntaxError& error);

}  // namespace flowrun::expr
