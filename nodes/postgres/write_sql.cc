#include "nodes/postgres/write_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "engine/core/time.h"

namespace flowrun::postgres {
namespace {

// The names that the statements give: o is the table, s a staged row. Staged columns are c0, c1, …
// and r, the row's number, so that no name of a table's can be in their way.
std::string staged(std::size_t i) { return fmt::format("c{}", i); }
std::string staged_value(const WriteWish& wish, std::size_t i) {
  return fmt::format("s.{}{}", staged(i), wish.columns[i].form.cast);
}
std::string old_value(const WriteWish& wish, std::size_t i) {
  return fmt::format("o.{}", quote_identifier(wish.columns[i].column.name));
}

/// `text` of every column that `take` takes, with commas.
std::string list(const WriteWish& wish, const std::function<bool(const WrittenColumn&)>& take,
                 const std::function<std::string(std::size_t)>& text,
                 const char* separator = ", ") {
  std::string all;
  for (std::size_t i = 0; i < wish.columns.size(); ++i) {
    if (take(wish.columns[i])) all += (all.empty() ? "" : separator) + text(i);
  }
  return all;
}

bool any(const WrittenColumn& /*column*/) { return true; }
bool key(const WrittenColumn& column) { return column.is_key; }
bool no_key(const WrittenColumn& column) { return !column.is_key; }

std::string names(const WriteWish& wish, bool (*take)(const WrittenColumn&)) {
  return list(wish, take,
              [&](std::size_t i) { return quote_identifier(wish.columns[i].column.name); });
}

/// Times first, as rows mostly arrive in their order, then the rest; always the same for a table,
/// whatever a pipeline calls its key.
std::string key_order(const WriteWish& wish) {
  const auto is_time = [](const WrittenColumn& column) {
    const auto type = column.column.type;
    return type == kTimestampOid || type == kTimestamptzOid || type == kDateOid;
  };
  const auto value = [&](std::size_t i) {
    return ordered(wish.columns[i].column, staged_value(wish, i));
  };
  const auto times = list(
      wish, [&](const auto& c) { return c.is_key && is_time(c); }, value);
  const auto rest = list(
      wish, [&](const auto& c) { return c.is_key && !is_time(c); }, value);
  return times + (times.empty() || rest.empty() ? "" : ", ") + rest;
}

std::string same_key(const WriteWish& wish) {
  return list(
      wish, key, [&](std::size_t i) { return old_value(wish, i) + " = " + staged_value(wish, i); },
      " and ");
}

std::string version_order(const WriteWish& wish) {
  std::string order;
  for (std::size_t i = 0; i < wish.columns.size(); ++i) {
    if (wish.columns[i].column.name == wish.version) {
      order = staged_value(wish, i) + " desc nulls last, ";
    }
  }
  return order;
}

/// The new value of a column, from `arrived`.
std::string new_value(const WriteWish& wish, std::size_t i, const std::string& arrived) {
  if (wish.stored_wins) return "coalesce(" + old_value(wish, i) + ", " + arrived + ")";
  return wish.columns[i].keeps_nulls ? "coalesce(" + arrived + ", " + old_value(wish, i) + ")"
                                     : arrived;
}

using Arrived = std::function<std::string(std::size_t)>;

std::string updates(const WriteWish& wish, const Arrived& arrived) {
  return list(wish, no_key, [&](std::size_t i) {
    return quote_identifier(wish.columns[i].column.name) + " = " + new_value(wish, i, arrived(i));
  });
}

/// True where a row would change: an update that changes nothing costs as much as any other.
std::string changes(const WriteWish& wish, const Arrived& arrived) {
  const auto row = [&](const Arrived& value) {
    return fmt::format("({})", list(wish, no_key, [&](std::size_t i) {
                         return comparable(wish.columns[i].column, value(i));
                       }));
  };
  // One column in brackets is no row, and need not be.
  return row([&](std::size_t i) { return old_value(wish, i); }) + " is distinct from " +
         row([&](std::size_t i) { return new_value(wish, i, arrived(i)); });
}

/// True where an arriving row is not older than the one there.
std::string is_new_enough(const WriteWish& wish, const Arrived& arrived) {
  for (std::size_t i = 0; i < wish.columns.size(); ++i) {
    if (wish.columns[i].column.name != wish.version) continue;
    const auto old = old_value(wish, i);
    return fmt::format("({} >= {} or {} is null) and ", arrived(i), old, old);
  }
  return {};
}

std::string range(const StagedRows& rows) {
  if (rows.end < 0) return "select * from " + rows.table;
  if (!rows.by_key) {
    return fmt::format("select * from {} where r >= {} and r < {}", rows.table, rows.first,
                       rows.end);
  }
  return fmt::format(
      "select s.* from {0} s join {0}_order o using (r) where o.place >= {1} and o.place < {2}",
      rows.table, rows.first, rows.end);
}

/// One row a key, where several columns each keep the last value that arrived.
std::string merged_duplicates(const WriteWish& wish, const std::string& from) {
  const auto order = version_order(wish) + "r desc";
  const auto columns = list(wish, any, [&](std::size_t i) {
    const auto name = staged(i);
    if (wish.columns[i].is_key) return "(array_agg(" + name + "))[1] as " + name;
    const bool keeps = wish.columns[i].keeps_nulls;
    return "(array_agg(" + name + " order by " + order + ")" +
           (keeps ? " filter (where " + name + " is not null)" : "") + ")[1] as " + name;
  });
  return "select max(r) as r, " + columns + " from (" + from + ") s group by " + key_order(wish);
}

/// The rows to write as a query: of several with one key, the one that counts.
std::string source(const WriteWish& wish, const StagedRows& rows) {
  auto from = range(rows);
  if (!rows.unique && wish.on_conflict != OnConflict::fail) {
    const bool keeps = std::any_of(wish.columns.begin(), wish.columns.end(),
                                   [](const auto& c) { return c.keeps_nulls; });
    if (keeps && wish.on_conflict == OnConflict::update) {
      from = merged_duplicates(wish, from);
    } else {
      const auto order =
          wish.on_conflict == OnConflict::update ? version_order(wish) + "r desc" : "r";
      from = fmt::format("select distinct on ({0}) * from ({1}) s order by {0}, {2}",
                         key_order(wish), from, order);
    }
  }
  if (!rows.only_new) return from;
  const auto arrived = [&](std::size_t i) { return staged_value(wish, i); };
  return fmt::format(
      "select s.* from ({}) s left join {} o on {} where {} or {}", from, wish.table.quoted(),
      same_key(wish),
      list(
          wish, key, [&](std::size_t i) { return old_value(wish, i) + " is null"; }, " or "),
      changes(wish, arrived));
}

std::string conflict_clause(const WriteWish& wish) {
  if (wish.on_conflict == OnConflict::fail) return {};
  auto clause = " on conflict (" + names(wish, key) + ") do ";
  const auto arrived = [&](std::size_t i) {
    return "excluded." + quote_identifier(wish.columns[i].column.name);
  };
  const auto sets = updates(wish, arrived);
  if (wish.on_conflict == OnConflict::ignore || sets.empty()) return clause + "nothing";
  return clause + "update set " + sets + " where " + is_new_enough(wish, arrived) +
         changes(wish, arrived);
}

std::string literal(const Field& column, Micros moment) {
  if (column.type == kDate) {
    // The first date that is not before the moment.
    const auto day = snap_down(moment + kDay - 1, kDay) / kDay;
    return "date '" + format_date(static_cast<std::int32_t>(day)) + "'";
  }
  if (column.type == kTimestamptz) return "timestamptz '" + format_timestamptz(moment) + "'";
  return "timestamp '" + format_timestamp(moment) + "'";
}

}  // namespace

std::string create_stage(const WriteWish& wish, const std::string& stage) {
  return "create temp table if not exists " + stage + " (r bigint, " +
         list(wish, any,
              [&](std::size_t i) { return staged(i) + " " + wish.columns[i].form.staged_type; }) +
         ") on commit delete rows";
}

std::string copy_into_stage(const WriteWish& wish, const std::string& stage) {
  return "copy " + stage + " (r, " + list(wish, any, staged) + ") from stdin (format binary)";
}

std::string copy_into_table(const WriteWish& wish) {
  return "copy " + wish.table.quoted() + " (" + names(wish, any) + ") from stdin (format binary)";
}

std::string insert_staged(const WriteWish& wish, const StagedRows& rows, bool ordered) {
  return "insert into " + wish.table.quoted() + " as o (" + names(wish, any) + ") select " +
         list(wish, any, [&](std::size_t i) { return staged_value(wish, i); }) + " from (" +
         source(wish, rows) + ") s" + (ordered ? " order by " + key_order(wish) + ", r" : "") +
         conflict_clause(wish);
}

std::string merge_staged(const WriteWish& wish, const StagedRows& rows) {
  const auto arrived = [&](std::size_t i) { return staged_value(wish, i); };
  return "merge into " + wish.table.quoted() + " o using (" + source(wish, rows) + ") s on " +
         same_key(wish) + " when matched and " + is_new_enough(wish, arrived) +
         changes(wish, arrived) + " then update set " + updates(wish, arrived) +
         " when not matched then insert (" + names(wish, any) + ") values (" +
         list(wish, any, arrived) + ")";
}

std::string delete_staged(const WriteWish& wish, const StagedRows& rows) {
  return "delete from " + wish.table.quoted() + " o using (" + range(rows) + ") s where " +
         same_key(wish);
}

std::string sample_staged(const WriteWish& wish, const std::string& stage, std::int64_t rows,
                          std::int64_t sample) {
  const auto percent = std::clamp(
      100.0 * static_cast<double>(sample) / static_cast<double>(std::max<std::int64_t>(rows, 1)),
      0.0001, 100.0);
  const auto arrived = [&](std::size_t i) { return staged_value(wish, i); };
  return fmt::format(
      "select count(*), count(*) filter (where not ({})) from (select * from {} tablesample "
      "system ({:.4f}) repeatable (1) limit {}) s left join {} o on {}",
      list(
          wish, key, [&](std::size_t i) { return old_value(wish, i) + " is null"; }, " or ") +
          " or " + changes(wish, arrived),
      stage, percent, 4 * sample, wish.table.quoted(), same_key(wish));
}

std::string count_keys(const WriteWish& wish, std::size_t keys) {
  std::string sql = "select ";
  std::size_t parameter = 0;
  for (std::size_t k = 0; k < keys; ++k) {
    sql += k == 0 ? "" : " + ";
    sql +=
        "(exists (select from " + wish.table.quoted() + " o where " +
        list(
            wish, key,
            [&](std::size_t i) { return old_value(wish, i) + fmt::format(" = ${}", ++parameter); },
            " and ") +
        "))::int";
  }
  return sql;
}

std::vector<std::string> order_stage(const WriteWish& wish, const std::string& stage) {
  const auto order = stage + "_order";
  return {"create temp table " + order +
              " on commit drop as select r, row_number() over (order by " + key_order(wish) +
              ", r) - 1 as place from " + stage + " s",
          "create index on " + order + " (place)"};
}

std::string delete_window(const TableName& table, const Field& column, Interval interval) {
  const auto name = quote_identifier(column.name);
  return "delete from " + table.quoted() + " where " + name +
         " >= " + literal(column, interval.from) + " and " + name + " < " +
         literal(column, interval.until);
}

std::string delete_unplaced(const TableName& table, const Field& column) {
  return "delete from " + table.quoted() + " where " + quote_identifier(column.name) + " is null";
}

}  // namespace flowrun::postgres
