#include "engine/state/check_table.h"

#include "engine/state/journal_words.h"

namespace flowrun {

void CheckTable::put(const std::string& run, const Unit& unit,
                     const std::vector<StoredCheck>& checks) {
  if (checks.empty()) return;
  auto& connection = database_->connection;
  DurableTransaction transaction(connection);
  connection.prepare("delete from checks where run = ? and kind = ? and from_us = ? and id = ?")
      .bind(run, to_string(unit.kind), start_of(unit), unit.id)
      .run();
  auto insert = connection.prepare(
      "insert into checks (run, kind, from_us, id, shown, node, rule, on_fail, passed, rows, "
      "failed, "
      "detail, origin) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const auto& [node, shown, result] : checks) {
    insert
        .bind(run, to_string(unit.kind), start_of(unit), unit.id, unit.shown(), node, result.rule,
              to_string(result.on_fail), static_cast<std::int64_t>(result.passed), result.rows,
              result.failed, result.detail, result.origin)
        .run();
  }
  transaction.commit();
}

std::vector<StoredCheck> CheckTable::list(const std::string& run) {
  auto rows = database_->connection.prepare(
      "select node, shown, rule, on_fail, passed, rows, failed, detail, origin from checks where "
      "run = ? order by kind = 'window' desc, from_us, rowid");
  rows.bind(run);
  std::vector<StoredCheck> found;
  while (rows.step()) {
    found.push_back({.node = rows.text(0),
                     .unit = rows.text(1),
                     .result = {.rule = rows.text(2),
                                .on_fail = parse_on_fail(rows.text(3)).value_or(OnFail::error),
                                .passed = rows.int64(4) != 0,
                                .rows = rows.int64(5),
                                .failed = rows.int64(6),
                                .detail = rows.text(7),
                                .first = {},
                                .origin = rows.text(8)}});
  }
  return found;
}

}  // namespace flowrun
