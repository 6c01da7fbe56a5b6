#include "engine/state/retention.h"

#include <vector>

namespace flowrun {

void remove_old_runs(JournalDatabase& database, const std::string& pipeline,
                     const std::string& instance) {
  if (!database.retention) return;
  auto& connection = database.connection;
  auto old = connection.prepare(
      "select id from runs where pipeline = ?1 and instance = ?2 and ended <> 0 and ended < ?3 and "
      "id <> (select id from runs where pipeline = ?1 and instance = ?2 order by started desc, "
      "rowid desc limit 1)");
  old.bind(pipeline, instance, database.clock->now() - *database.retention);
  std::vector<std::string> runs;
  while (old.step()) runs.push_back(old.text(0));
  for (const auto& run : runs) {
    for (const char* sql :
         {"delete from rejects where unit in (select number from reject_units where run = ?)",
          "delete from reject_units where run = ?", "delete from checks where run = ?",
          "delete from nodes where run = ?", "delete from units where run = ?",
          "delete from runs where id = ?"}) {
      connection.prepare(sql).bind(run).run();
    }
  }
}

}  // namespace flowrun
