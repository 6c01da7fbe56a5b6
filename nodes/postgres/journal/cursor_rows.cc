#include "nodes/postgres/journal/cursor_rows.h"

#include <limits>

#include "engine/state/journal_words.h"
#include "nodes/postgres/journal/values.h"

namespace flowrun::postgres {
namespace {

void refuse_stale(Connection& connection, const JournalServer& server,
                  const JournalServer::Owner& owner) {
  const auto mine = server.held_epoch(owner, std::numeric_limits<std::int64_t>::max());
  const auto newest = newest_epoch(connection, owner);
  if (newest <= mine) return;
  throw Error(Errc::lease, "{}: a newer run has taken over (epoch {} after {})",
              shown_instance(owner.first, owner.second), newest, mine);
}

void add_marks(Rows& rows, const std::string& source, bool until_load, const CursorMarks& marks) {
  for (const auto& [key, mark] : marks) {
    rows.add({text(source), until_load ? "t" : "f", bytes(key), bytes(mark.value),
              bytes(mark.columns), bytes(pack_ties(mark.ties))});
  }
}

void insert(Connection& connection, const JournalServer::Owner& owner,
            const std::map<std::string, CursorState>& states) {
  Rows cursors({"text", "text", "boolean", "text", "bigint", "text"});
  Rows marks({"text", "boolean", "bytea", "bytea", "bytea", "bytea"});
  for (const auto& [source, state] : states) {
    if (state == CursorState{}) continue;
    const auto load = state.load.value_or(CursorLoad{});
    cursors.add({text(source), text(state.inputs), state.held_back ? "t" : "f", text(load.id),
                 number(load.rows), text(load.digest)});
    add_marks(marks, source, false, state.marks);
    add_marks(marks, source, true, load.to);
  }
  const Parameters of_owner{text(owner.first), text(owner.second)};
  connection.execute(
      "insert into flowrun_journal.cursors (pipeline, instance, source, inputs, held_back, load, "
      "load_rows, load_digest) select $1, $2, * from " +
          cursors.sql(3),
      cursors.parameters(of_owner));
  connection.execute(
      "insert into flowrun_journal.cursor_marks (pipeline, instance, source, until_load, key, "
      "value, columns, ties) select $1, $2, * from " +
          marks.sql(3),
      marks.parameters(of_owner));
}

}  // namespace

std::map<std::string, CursorState> CursorRows::load(const JournalServer::Owner& owner) {
  std::map<std::string, CursorState> states;
  const Parameters of_owner{text(owner.first), text(owner.second)};
  const auto read = [&](Connection& connection) {
    states.clear();
    const auto sources = connection.execute(
        "select source, inputs, held_back, load, load_rows, load_digest from "
        "flowrun_journal.cursors where pipeline = $1 and instance = $2",
        of_owner);
    for (int i = 0; i < sources.rows(); ++i) {
      auto& state = states[sources.string(i, 0)];
      state.inputs = sources.string(i, 1);
      state.held_back = sources.boolean(i, 2);
      if (sources.text(i, 3).empty()) continue;
      state.load = CursorLoad{.id = sources.string(i, 3),
                              .to = {},
                              .rows = sources.int64(i, 4),
                              .digest = sources.string(i, 5)};
    }
    const auto marks = connection.execute(
        "select source, until_load, key, value, columns, ties from flowrun_journal.cursor_marks "
        "where pipeline = $1 and instance = $2",
        of_owner);
    for (int i = 0; i < marks.rows(); ++i) {
      auto& state = states.at(marks.string(i, 0));
      const bool until_load = marks.boolean(i, 1);
      if (until_load && !state.load) continue;
      auto& into = until_load ? state.load->to : state.marks;
      into[read_bytes(marks, i, 2)] = {.value = read_bytes(marks, i, 3),
                                       .columns = read_bytes(marks, i, 4),
                                       .ties = unpack_ties(read_bytes(marks, i, 5))};
    }
  };
  server_->transact(read, TransactionKind::snapshot);
  return states;
}

void CursorRows::put(const JournalServer::Owner& owner,
                     const std::map<std::string, CursorState>& states) {
  Rows sources({"text"});
  for (const auto& [source, state] : states) sources.add({text(source)});
  const auto parameters = sources.parameters({text(owner.first), text(owner.second)});
  server_->transact([&](Connection& connection) {
    refuse_stale(connection, *server_, owner);
    for (const char* table : {"cursors", "cursor_marks"}) {
      connection.execute(std::string("delete from flowrun_journal.") + table +
                             " where pipeline = $1 and instance = $2 and source = any($3::text[])",
                         parameters);
    }
    insert(connection, owner, states);
  });
}

}  // namespace flowrun::postgres
