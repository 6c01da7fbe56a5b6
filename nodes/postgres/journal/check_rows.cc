#include "nodes/postgres/journal/check_rows.h"

#include "engine/state/journal_words.h"
#include "nodes/postgres/journal/values.h"

namespace flowrun::postgres {

void CheckRows::put(const std::string& run, const Unit& unit,
                    const std::vector<StoredCheck>& checks) {
  if (checks.empty()) return;
  Rows rows({"text", "text", "text", "boolean", "bigint", "bigint", "text", "text"});
  for (const auto& [node, shown, result] : checks) {
    rows.add({text(node), text(result.rule), to_string(result.on_fail), result.passed ? "t" : "f",
              number(result.rows), number(result.failed), text(result.detail),
              text(result.origin)});
  }
  const Parameters of_unit{text(run), to_string(unit.kind), number(start_of(unit)), text(unit.id)};
  server_->transact([&](Connection& connection) {
    connection.execute(
        "delete from flowrun_journal.checks where run = $1 and kind = $2 and from_us = $3::bigint "
        "and id = $4",
        of_unit);
    auto parameters = of_unit;
    parameters.push_back(text(unit.shown()));
    connection.execute(
        "insert into flowrun_journal.checks (run, kind, from_us, id, shown, node, rule, on_fail, "
        "passed, rows, failed, detail, origin) select $1, $2, $3::bigint, $4, $5, * from " +
            rows.sql(6),
        rows.parameters(parameters));
  });
}

std::vector<StoredCheck> CheckRows::list(const std::string& run) {
  std::vector<StoredCheck> found;
  server_->perform([&](Connection& connection) {
    const auto rows = connection.execute(
        "select node, shown, rule, on_fail, passed, rows, failed, detail, origin from "
        "flowrun_journal.checks where run = $1 order by kind = 'window' desc, from_us, number",
        {text(run)});
    found.clear();
    for (int i = 0; i < rows.rows(); ++i) {
      auto& check = found.emplace_back();
      check.node = rows.string(i, 0);
      check.unit = rows.string(i, 1);
      check.result.rule = rows.string(i, 2);
      check.result.on_fail = parse_on_fail(rows.string(i, 3)).value_or(OnFail::error);
      check.result.passed = rows.boolean(i, 4);
      check.result.rows = rows.int64(i, 5);
      check.result.failed = rows.int64(i, 6);
      check.result.detail = rows.string(i, 7);
      check.result.origin = rows.string(i, 8);
    }
  });
  return found;
}

}  // namespace flowrun::postgres
