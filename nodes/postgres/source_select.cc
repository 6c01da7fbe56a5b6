#include "nodes/postgres/source_select.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/core/diagnostic.h"
#include "engine/core/error.h"

namespace flowrun::postgres {
namespace {

/// More marks than these are not worth a statement of megabytes.
constexpr std::size_t kMostMarks = 5'000;

const RelationColumn& column_of(const RelationWish& wish, const RelationFound& found,
                                const std::string& name) {
  if (const auto* column = found.find(name)) return *column;
  const auto hint = suggest(name, found.names());
  throw Error(Errc::plan, "{} has no column \"{}\"{}{}", wish.shown(), name,
              hint.empty() ? "" : "; ", hint);
}

class SelectWriter {
 public:
  SelectWriter(Connection& connection, const SelectParts& parts)
      : connection_(connection), parts_(parts), wish_(*parts.wish), found_(*parts.found) {}

  std::string write() {
    auto sql = fmt::format("select {} from {}", columns(), relation());
    for (const auto& term : wish_.filter) add(filter(term));
    if (parts_.range != nullptr) add_range();
    if (parts_.bounds != nullptr) sql += add_bounds();
    if (!conditions_.empty()) sql += " where " + conditions_;
    std::string order;
    for (const auto& name : wish_.order_by) {
      order += (order.empty() ? " order by " : ", ") + place(column(name).name);
    }
    return sql + order;
  }

 private:
  [[nodiscard]] const RelationColumn& column(const std::string& name) const {
    return column_of(wish_, found_, name);
  }
  static std::string place(const std::string& name) {
    return fmt::format("r.{}", quote_identifier(name));
  }
  std::string value(const std::string& text, const std::string& type) {
    return constant(connection_, text, type);
  }
  void add(const std::string& condition) {
    conditions_ += (conditions_.empty() ? "" : " and ") + condition;
  }

  [[nodiscard]] std::string columns() const {
    const auto wires = wire_columns(wish_, found_, *parts_.schema);
    std::string list;
    for (std::size_t i = 0; i < wires.size(); ++i) {
      list += fmt::format("{}{}::{}", list.empty() ? "" : ", ", place(parts_.schema->field(i).name),
                          wires[i].cast);
    }
    return list;
  }

  std::string relation() {
    if (wish_.table) return wish_.table->quoted() + " as r";
    // The line's end ends a comment at the query's end.
    return fmt::format("({}\n) as r",
                       query_with_values(connection_, wish_, found_.parameter_types));
  }

  std::string filter(const FilterTerm& term) {
    const auto& filtered = column(term.column);
    const auto at = place(filtered.name);
    if (term.kind == FilterTerm::Kind::is_null) return at + " is null";
    if (term.kind == FilterTerm::Kind::is_not_null) return at + " is not null";
    std::string list;
    for (const auto& text : term.values) {
      list += (list.empty() ? "" : ", ") + value(text, sql_type(filtered));
    }
    return term.values.size() == 1 ? fmt::format("{} = {}", at, list)
                                   : fmt::format("{} in ({})", at, list);
  }

  /// `at` as a value of a column that holds dates or times: the same moment in a session whose zone
  /// is UTC. A date counts from its midnight on.
  std::string moment(const RelationColumn& column, Micros at) {
    if (column.type == kDateOid) {
      const auto day = day_of(at) + (time_of_day(at) == 0 ? 0 : 1);
      return value(format_date(static_cast<std::int32_t>(day)), "date");
    }
    return value(format_timestamptz(at),
                 column.type == kTimestampOid ? "timestamp" : "timestamptz");
  }

  void add_range() {
    const auto& timed = column(wish_.window_column);
    const auto at = place(timed.name);
    add(at + " >= " + moment(timed, parts_.range->from));
    add(at + " < " + moment(timed, parts_.range->until));
  }

  /// A column for comparing: texts by their bytes, as flowrun compares them.
  static std::string compared(const std::string& expression, const RelationColumn& column) {
    return is_collated(column) ? expression + " collate \"C\"" : expression;
  }

  /// Leaves out what lies below the cursor's marks; returns what has to be joined for that.
  std::string add_bounds() {
    const auto& bounds = *parts_.bounds;
    const auto& field = parts_.schema->field(bounds.column);
    const auto& marked = column(field.name);
    if (!compares_alike(marked, field.type)) return {};
    const auto at = compared(place(marked.name), marked);
    const auto or_missing =
        marked.not_null ? std::string(")") : fmt::format(" or {} is null)", place(marked.name));
    const auto initial = bounds.initial ? value(*bounds.initial, sql_type(marked)) : std::string();
    const auto table = bounds.per.empty() ? std::string() : marks(marked);
    if (bounds.per.empty()) {
      const auto least =
          bounds.marks.empty() ? initial : value(bounds.marks.front().value, sql_type(marked));
      if (!least.empty()) add(fmt::format("({} >= {}{}", at, least, or_missing));
    } else if (table.empty()) {
      // Marks may lie below `initial`, so that alone it says nothing.
      if (!initial.empty() && bounds.marks.empty()) {
        add(fmt::format("({} >= {}{}", at, initial, or_missing));
      }
    } else {
      const auto start =
          initial.empty() ? std::string("m.mark") : fmt::format("coalesce(m.mark, {})", initial);
      add(fmt::format("({} >= {}{}{}", at, start, initial.empty() ? " or m.mark is null" : "",
                      or_missing));
    }
    return table;
  }

  /// The marks as a table to join by their keys, one row each; "" where that cannot be.
  std::string marks(const RelationColumn& marked) {
    const auto& bounds = *parts_.bounds;
    std::string rows;
    std::size_t count = 0;
    for (const auto& mark : bounds.marks) {
      // A key without a value equals nothing: its rows are all read.
      const bool whole = std::all_of(mark.key.begin(), mark.key.end(),
                                     [](const auto& part) { return part.has_value(); });
      if (!whole) {
        // What has no row in the table is taken to have no mark, and would start at `initial`.
        if (bounds.initial) return {};
        continue;
      }
      rows += rows.empty() ? "(" : ", (";
      for (std::size_t i = 0; i < mark.key.size(); ++i) {
        rows += value(*mark.key[i], sql_type(key_column(i))) + ", ";
      }
      rows += value(mark.value, sql_type(marked)) + ")";
      ++count;
    }
    if (count == 0 || count > kMostMarks || !keys_compare()) return {};
    std::string keys;
    std::string conditions;
    for (std::size_t i = 0; i < bounds.per.size(); ++i) {
      const auto key = fmt::format("k{}", i);
      keys += key + ", ";
      conditions += fmt::format("{}{} = m.{}", conditions.empty() ? "" : " and ",
                                compared(place(key_column(i).name), key_column(i)), key);
    }
    // Grouped, so that no row of the relation can meet two marks.
    const auto grouped = keys.substr(0, keys.size() - 2);
    return fmt::format(
        " left join (select {0}, min({1}) as mark from (values {2}) as v({0}, mark) group by {0}) "
        "as m on {3}",
        grouped, compared("mark", marked), rows, conditions);
  }

  [[nodiscard]] const RelationColumn& key_column(std::size_t i) const {
    return column(parts_.schema->field(parts_.bounds->per[i]).name);
  }
  [[nodiscard]] bool keys_compare() const {
    const auto& per = parts_.bounds->per;
    for (std::size_t i = 0; i < per.size(); ++i) {
      if (!compares_alike(key_column(i), parts_.schema->field(per[i]).type)) return false;
    }
    return true;
  }

  Connection& connection_;
  SelectParts parts_;
  const RelationWish& wish_;
  const RelationFound& found_;
  std::string conditions_;
};

}  // namespace

std::vector<WireColumn> wire_columns(const RelationWish& wish, const RelationFound& found,
                                     const Schema& schema) {
  std::vector<WireColumn> wires;
  for (const auto& field : schema.fields()) {
    const auto& column = column_of(wish, found, field.name);
    auto wire = wire_of(column, field.type);
    if (!wire) {
      throw Error(Errc::plan,
                  "column \"{}\" of {} is {} in the server and cannot be read as {}; cast it in a "
                  "query, or declare it as string",
                  field.name, wish.shown(), column.shown, to_string(field.type));
    }
    wires.push_back(std::move(*wire));
  }
  return wires;
}

bool can_read_ranges(const RelationWish& wish, const RelationFound& found) {
  const auto* column = wish.window_column.empty() ? nullptr : found.find(wish.window_column);
  return column != nullptr && (column->type == kTimestampOid || column->type == kTimestamptzOid ||
                               column->type == kDateOid);
}

std::string select_statement(Connection& connection, const SelectParts& parts) {
  return SelectWriter(connection, parts).write();
}

}  // namespace flowrun::postgres
