#include "nodes/sqlite/upsert_sql.h"

#include <algorithm>

#include "engine/sqlite/connection.h"

namespace flowrun::nodes {
namespace {

using sqlite::quote_identifier;

constexpr const char* kOld = "\"flowrun_old\"";

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + quote_identifier(name);
  return list;
}

std::string old_value(const std::string& name) {
  return std::string(kOld) + "." + quote_identifier(name);
}

std::string new_value(const std::string& name) { return "excluded." + quote_identifier(name); }

/// Moments with "Z" sort wrongly where one has a fraction and the other has none ('.' is before
/// 'Z'); without it they sort as text.
std::string in_order(const Field& field, const std::string& value) {
  return field.type == kTimestamptz ? "rtrim(" + value + ", 'Z')" : value;
}

std::string updates(const InsertWish& wish) {
  std::string sets;
  for (std::size_t i = 0; i < wish.schema->size(); ++i) {
    const auto& name = wish.schema->field(i).name;
    if (std::find(wish.key.begin(), wish.key.end(), name) != wish.key.end()) continue;
    const bool keep = i < wish.keep_nulls.size() && wish.keep_nulls[i];
    sets += sets.empty() ? "" : ", ";
    sets += quote_identifier(name) + " = ";
    sets += keep ? "coalesce(" + new_value(name) + ", " + old_value(name) + ")" : new_value(name);
  }
  return sets;
}

std::string conflict_clause(const InsertWish& wish) {
  if (wish.on_conflict == OnConflict::fail) return {};
  const auto sets = updates(wish);
  std::string clause = " on conflict (" + list_of(wish.key) + ") do ";
  if (wish.on_conflict == OnConflict::ignore || sets.empty()) return clause + "nothing";
  clause += "update set " + sets;
  if (!wish.version.empty()) {
    const auto& field = wish.schema->field(*wish.schema->index_of(wish.version));
    clause += " where " + in_order(field, new_value(field.name)) +
              " >= " + in_order(field, old_value(field.name)) + " or " + old_value(field.name) +
              " is null";
  }
  return clause;
}

std::string quoted_text(const std::string& text) { return "'" + text + "'"; }

/// The first date that is not before a moment.
std::int32_t date_from(Micros moment) {
  return static_cast<std::int32_t>(snap_down(moment + kDay - 1, kDay) / kDay);
}

}  // namespace

std::string insert_statement(const InsertWish& wish, std::size_t rows) {
  std::string values;
  for (std::size_t i = 0; i < wish.schema->size() * rows; ++i) {
    if (i != 0) values += i % wish.schema->size() == 0 ? "), (" : ", ";
    values += '?';
  }
  return "insert into " + quote_identifier(wish.table) + " as " + kOld + " (" +
         list_of(wish.schema->names()) + ") values (" + values + ")" + conflict_clause(wish);
}

std::string delete_window(const std::string& table, const Field& column, Interval interval) {
  auto value = quote_identifier(column.name);
  std::string from;
  std::string until;
  if (column.type == kDate) {
    from = format_date(date_from(interval.from));
    until = format_date(date_from(interval.until));
  } else {
    // Bounds have no "Z", so that plain comparison (and with it an index) puts every text on its
    // side; bounds with a fraction need the column's "Z" gone, too.
    from = format_timestamp(interval.from);
    until = format_timestamp(interval.until);
    const bool whole = interval.from % kSecond == 0 && interval.until % kSecond == 0;
    if (!whole) value = in_order(column, value);
  }
  return "delete from " + quote_identifier(table) + " where " + value + " >= " + quoted_text(from) +
         " and " + value + " < " + quoted_text(until);
}

std::string delete_unplaced(const std::string& table, const Field& column) {
  return "delete from " + quote_identifier(table) + " where " + quote_identifier(column.name) +
         " is null";
}

}  // namespace flowrun::nodes
