#include "nodes/postgres/journal/reject_rows.h"

#include <algorithm>

#include "engine/state/journal_words.h"
#include "nodes/postgres/journal/values.h"

namespace flowrun::postgres {
namespace {

/// Removes the entries that a unit's new rejects stand in for, with their rows. Rows without a time
/// belong to no window that could be told apart from another run's, so there only this run counts.
void remove_replaced(Connection& connection, const std::string& run,
                     const JournalServer::Owner& owner, const Unit& unit) {
  connection.execute(
      "delete from flowrun_journal.reject_units where pipeline = $1 and instance = $2 and kind = "
      "$3 "
      "and from_us = $4::bigint and id = $5 and (kind <> 'unplaced' or run = $6)",
      {text(owner.first), text(owner.second), to_string(unit.kind), number(start_of(unit)),
       text(unit.id), text(run)});
}

std::int64_t kept_of(Connection& connection, const std::string& run) {
  return connection
      .execute(
          "select count(*) from flowrun_journal.rejects r join flowrun_journal.reject_units u on "
          "r.unit = u.number where u.run = $1",
          {text(run)})
      .int64(0, 0);
}

void insert_rows(Connection& connection, const std::string& unit,
                 const std::vector<StoredReject>& rejects, std::size_t count) {
  Rows rows({"int", "text", "text", "text", "bytea", "text", "bytea", "bigint"});
  for (std::size_t i = 0; i < count; ++i) {
    const auto& [node, shown, reject] = rejects[i];
    rows.add({number(static_cast<std::int64_t>(i)), text(node), text(reject.reason),
              text(reject.column), bytes(reject.value), text(reject.origin), bytes(reject.record),
              number(static_cast<std::int64_t>(reject.ordinal))});
  }
  connection.execute(
      "insert into flowrun_journal.rejects (unit, position, node, reason, column_name, value, "
      "origin, record, ordinal) select $1::bigint, * from " +
          rows.sql(2),
      rows.parameters({unit}));
}

}  // namespace

void RejectRows::put(const std::string& run, const JournalServer::Owner& owner, const Unit& unit,
                     const std::vector<StoredReject>& rejects, std::int64_t total) {
  if (total == 0) {
    server_->perform(
        [&](Connection& connection) { remove_replaced(connection, run, owner, unit); });
    return;
  }
  server_->transact([&](Connection& connection) {
    remove_replaced(connection, run, owner, unit);
    const auto room =
        std::max<std::int64_t>(0, server_->options().reject_cap - kept_of(connection, run));
    const auto entry = connection.execute(
        "insert into flowrun_journal.reject_units (pipeline, instance, kind, from_us, id, run, "
        "shown, total) values ($1, $2, $3, $4::bigint, $5, $6, $7, $8::bigint) returning number",
        {text(owner.first), text(owner.second), to_string(unit.kind), number(start_of(unit)),
         text(unit.id), text(run), text(unit.shown()), number(total)});
    insert_rows(connection, entry.string(0, 0), rejects,
                std::min(rejects.size(), static_cast<std::size_t>(room)));
  });
}

StoredRejects RejectRows::list(const std::string& run, std::int64_t limit) {
  StoredRejects found;
  server_->perform([&](Connection& connection) {
    found = {};
    found.total = connection
                      .execute(
                          "select coalesce(sum(total), 0)::bigint from "
                          "flowrun_journal.reject_units where run = $1",
                          {text(run)})
                      .int64(0, 0);
    const auto rows = connection.execute(
        "select node, shown, reason, column_name, value, origin, record, ordinal from "
        "flowrun_journal.reject_units u join flowrun_journal.rejects r on r.unit = u.number where "
        "run = $1 order by kind = 'window' desc, from_us, u.number, position limit $2::bigint",
        {text(run), number(limit)});
    for (int i = 0; i < rows.rows(); ++i) {
      found.kept.push_back({.node = rows.string(i, 0),
                            .unit = rows.string(i, 1),
                            .reject = {.reason = rows.string(i, 2),
                                       .column = rows.string(i, 3),
                                       .value = read_bytes(rows, i, 4),
                                       .origin = rows.string(i, 5),
                                       .record = read_bytes(rows, i, 6),
                                       .ordinal = static_cast<std::uint64_t>(rows.int64(i, 7))}});
    }
  });
  return found;
}

}  // namespace flowrun::postgres
