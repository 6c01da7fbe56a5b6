#include "engine/state/reject_table.h"

#include <algorithm>

#include "engine/state/journal_words.h"

namespace flowrun {

std::vector<std::int64_t> RejectTable::replaced(const std::string& run,
                                                const std::pair<std::string, std::string>& owner,
                                                const Unit& unit) {
  // Rows without a time belong to no window that could be told apart from another run's, so there
  // only this run counts.
  auto rows = database_->connection.prepare(
      "select number from reject_units where pipeline = ? and instance = ? and kind = ? and "
      "from_us = ? and id = ? and (kind <> 'unplaced' or run = ?)");
  rows.bind(owner.first, owner.second, to_string(unit.kind), start_of(unit), unit.id, run);
  std::vector<std::int64_t> numbers;
  while (rows.step()) numbers.push_back(rows.int64(0));
  return numbers;
}

void RejectTable::put(const std::string& run, const std::pair<std::string, std::string>& owner,
                      const Unit& unit, const std::vector<StoredReject>& rejects,
                      std::int64_t total) {
  const auto old = replaced(run, owner, unit);
  if (old.empty() && total == 0) return;
  auto& connection = database_->connection;
  DurableTransaction transaction(connection);
  for (const auto number : old) {
    connection.prepare("delete from rejects where unit = ?").bind(number).run();
    connection.prepare("delete from reject_units where number = ?").bind(number).run();
  }
  if (total > 0) {
    auto kept = connection.prepare(
        "select count(*) from rejects join reject_units on unit = number where run = ?");
    if (!kept.bind(run).step()) bug("a count has no row");
    const auto room = std::max<std::int64_t>(0, cap_ - kept.int64(0));
    kept.run();
    auto insert = connection.prepare(
        "insert into reject_units (pipeline, instance, kind, from_us, id, run, shown, total) "
        "values (?, ?, ?, ?, ?, ?, ?, ?) returning number");
    insert.bind(owner.first, owner.second, to_string(unit.kind), start_of(unit), unit.id, run,
                unit.shown(), total);
    if (!insert.step()) bug("an insert returned no number");
    const auto number = insert.int64(0);
    insert.run();
    insert_rows(number, rejects, std::min(rejects.size(), static_cast<std::size_t>(room)));
  }
  transaction.commit();
}

void RejectTable::insert_rows(std::int64_t number, const std::vector<StoredReject>& rejects,
                              std::size_t count) {
  auto insert = database_->connection.prepare(
      "insert into rejects (unit, node, reason, column_name, value, origin, record, ordinal) "
      "values (?, ?, ?, ?, ?, ?, ?, ?)");
  for (std::size_t i = 0; i < count; ++i) {
    const auto& [node, unit, reject] = rejects[i];
    insert
        .bind(number, node, reject.reason, reject.column, reject.value, reject.origin,
              reject.record, reject.ordinal)
        .run();
  }
}

StoredRejects RejectTable::list(const std::string& run, std::int64_t limit) {
  StoredRejects found;
  auto total = database_->connection.prepare("select sum(total) from reject_units where run = ?");
  if (total.bind(run).step()) found.total = total.int64(0);
  auto rows = database_->connection.prepare(
      "select node, shown, reason, column_name, value, origin, record, ordinal from reject_units "
      "join rejects on unit = number where run = ? order by kind = 'window' desc, from_us, number, "
      "rejects.rowid limit ?");
  rows.bind(run, limit);
  while (rows.step()) {
    found.kept.push_back({.node = rows.text(0),
                          .unit = rows.text(1),
                          .reject = {.reason = rows.text(2),
                                     .column = rows.text(3),
                                     .value = rows.text(4),
                                     .origin = rows.text(5),
                                     .record = rows.text(6),
                                     .ordinal = static_cast<std::uint64_t>(rows.int64(7))}});
  }
  return found;
}

}  // namespace flowrun
