// Options of nodes: declared once in a table, parsed and checked by the planner, read by factories.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/core/diagnostic.h"
#include "engine/core/time.h"

namespace flowrun {

/// What an option's value may be. The planner checks it, so that factories only read typed values.
enum class OptionKind {
  text,         ///< a string
  path,         ///< a file path or pattern, relative to the pipeline file; "-" is stdin or stdout
  integer,      ///< a whole number
  number,       ///< an integer or a float
  boolean,      ///< true or false
  duration,     ///< "2h" (microseconds)
  size,         ///< "256 MiB" (bytes)
  choice,       ///< one of OptionSpec::choices
  names,        ///< one name or a list of names
  column,       ///< the name of a column of the (first) input; the planner checks that it exists
  columns,      ///< one such name or a list of them
  types,        ///< a table: column name -> type ("float64", "decimal(18,2)")
  renames,      ///< a table: new or old name -> string; which is which is the option's help
  expression,   ///< a scalar expression over the columns of the (first) input
  expressions,  ///< a table: name -> expression
  query,        ///< a query in a database's own language; `${…}` in it becomes $1, $2, …
  targets,      ///< one expression or a list of them, each perhaps with "as name" behind it
  any,          ///< looked at by the factory itself, which reports through BindContext
};

/// One row of a node's option table: the only place where an option's name, type, default and help
/// stand.
struct OptionSpec {
  std::string name;
  OptionKind kind = OptionKind::text;
  std::string help;
  bool required = false;
  std::string fallback;  ///< the default, as written in TOML without quotes; "" for none
  std::vector<std::string> choices;  ///< for choice
  std::string example;               ///< a TOML value, with quotes where TOML needs them
  bool secret = false;               ///< never shown in logs, graphs, journal or plan
  std::string shape;                 ///< for any: what may be written, for the docs
  /// for any: the keys, in tables at whatever depth, whose strings are expressions.
  std::vector<std::string> expressions;
};

/// What a `${…}` inside an expression or a query stands for: bound as a value, never pasted as
/// text.
struct BoundValue {
  std::string text;
  std::string type;  ///< a parameter's type; "" where there is none: it becomes what is asked for
  std::string written = {};  ///< "${least}"
  std::size_t at = 0;        ///< where it stands in the expression, as many bytes long as `written`
};

/// A value as read from the pipeline file, engine-neutral, with its position.
struct OptionValue {
  using List = std::vector<OptionValue>;
  using Table = std::vector<std::pair<std::string, OptionValue>>;  // in file order
  std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Table> value;
  SourceSpan span;                     ///< of the value
  std::vector<BoundValue> bound = {};  ///< expressions, queries: what $1, $2, … stand for
  SourceSpan key_span;                 ///< of the key in front of it, where there is one

  [[nodiscard]] bool is_text() const { return std::holds_alternative<std::string>(value); }
  [[nodiscard]] bool is_list() const { return std::holds_alternative<List>(value); }
  [[nodiscard]] bool is_table() const { return std::holds_alternative<Table>(value); }
  [[nodiscard]] const std::string& text() const { return std::get<std::string>(value); }
  [[nodiscard]] const List& list() const { return std::get<List>(value); }
  [[nodiscard]] const Table& table() const { return std::get<Table>(value); }
  /// The entry of a table, or nothing.
  [[nodiscard]] const OptionValue* find(std::string_view key) const;
};
// Made here once before a std::pair asks whether it can be made: asked inside of that question, clang
// finds the pairs of its own tables incomplete.
static_assert(sizeof(OptionValue{}) > 0);

/// The checked options of one node: every required one is there, every value has its kind, defaults
/// are filled in. Asking for an option that the node's table does not declare is a bug and throws.
class Options {
 public:
  Options() = default;
  Options(std::map<std::string, OptionValue> values, SourceSpan node)
      : values_(std::move(values)), node_(std::move(node)) {}

  /// True where the option was written or has a default.
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] const std::string& text(std::string_view name) const;
  [[nodiscard]] std::string text_or(std::string_view name, std::string_view otherwise) const;
  [[nodiscard]] std::int64_t integer(std::string_view name) const;
  [[nodiscard]] double number(std::string_view name) const;
  [[nodiscard]] bool boolean(std::string_view name) const;
  [[nodiscard]] Micros duration(std::string_view name) const;
  [[nodiscard]] std::int64_t size(std::string_view name) const;
  /// names and columns: always a list; empty where absent.
  [[nodiscard]] std::vector<std::string> names(std::string_view name) const;
  /// types and renames, in file order; empty where absent.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> pairs(std::string_view name) const;
  /// The raw value with its position; nothing where absent.
  [[nodiscard]] const OptionValue* raw(std::string_view name) const;
  /// Where the option's value stands; the node's own position where it was not written.
  [[nodiscard]] SourceSpan span(std::string_view name) const;
  [[nodiscard]] const SourceSpan& node_span() const { return node_; }

 private:
  [[nodiscard]] const OptionValue& at(std::string_view name) const;
  std::map<std::string, OptionValue> values_;
  SourceSpan node_;
};

}  // namespace flowrun
