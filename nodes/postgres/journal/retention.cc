#include "nodes/postgres/journal/retention.h"

#include "nodes/postgres/journal/values.h"

namespace flowrun::postgres {

void remove_old_runs(JournalServer& server, const JournalServer::Owner& owner) {
  const auto retention = server.options().retention;
  if (!retention) return;
  const auto oldest = moment(server.now() - *retention);
  server.perform([&](Connection& connection) {
    // Units, nodes, checks and rejects go with their run.
    connection.execute(
        "delete from flowrun_journal.runs where pipeline = $1 and instance = $2 and ended < "
        "$3::timestamptz and id <> (select id from flowrun_journal.runs where pipeline = $1 and "
        "instance = $2 order by started desc, number desc limit 1)",
        {text(owner.first), text(owner.second), oldest});
  });
}

}  // namespace flowrun::postgres
