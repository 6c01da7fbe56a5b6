#include "engine/state/cursor_table.h"

namespace flowrun {

std::map<std::string, CursorState> CursorTable::load(const Owner& owner) {
  std::map<std::string, CursorState> states;
  auto& connection = database_->connection;
  auto sources = connection.prepare(
      "select source, inputs, held_back, load, load_rows, load_digest from cursors where pipeline "
      "= ? and instance = ?");
  sources.bind(owner.first, owner.second);
  while (sources.step()) {
    auto& state = states[sources.text(0)];
    state.inputs = sources.text(1);
    state.held_back = sources.int64(2) != 0;
    if (sources.text(3).empty()) continue;
    state.load = CursorLoad{
        .id = sources.text(3), .to = {}, .rows = sources.int64(4), .digest = sources.text(5)};
  }
  auto marks = connection.prepare(
      "select source, until_load, key, value, columns, ties from cursor_marks where pipeline = ? "
      "and "
      "instance = ?");
  marks.bind(owner.first, owner.second);
  while (marks.step()) {
    auto& state = states.at(marks.text(0));
    if (marks.int64(1) != 0 && !state.load) continue;
    auto& into = marks.int64(1) != 0 ? state.load->to : state.marks;
    into[marks.text(2)] = {
        .value = marks.text(3), .columns = marks.text(4), .ties = unpack_ties(marks.text(5))};
  }
  return states;
}

void CursorTable::put(const Owner& owner, const std::map<std::string, CursorState>& states) {
  auto& connection = database_->connection;
  DurableTransaction transaction(connection);
  for (const auto& [source, state] : states) {
    for (const char* table : {"cursors", "cursor_marks"}) {
      connection
          .prepare(std::string("delete from ") + table +
                   " where pipeline = ? and instance = ? and source = ?")
          .bind(owner.first, owner.second, source)
          .run();
    }
    if (state == CursorState{}) continue;
    const auto load = state.load.value_or(CursorLoad{});
    connection
        .prepare(
            "insert into cursors (pipeline, instance, source, inputs, held_back, load, load_rows, "
            "load_digest) values (?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(owner.first, owner.second, source, state.inputs,
              static_cast<std::int64_t>(state.held_back), load.id, load.rows, load.digest)
        .run();
    insert_marks(owner, source, false, state.marks);
    insert_marks(owner, source, true, load.to);
  }
  transaction.commit();
}

void CursorTable::insert_marks(const Owner& owner, const std::string& source, bool until_load,
                               const CursorMarks& marks) {
  auto insert = database_->connection.prepare(
      "insert into cursor_marks (pipeline, instance, source, until_load, key, value, columns, "
      "ties) values (?, ?, ?, ?, ?, ?, ?, ?)");
  for (const auto& [key, mark] : marks) {
    insert
        .bind(owner.first, owner.second, source, static_cast<std::int64_t>(until_load), key,
              mark.value, mark.columns, pack_ties(mark.ties))
        .run();
  }
}

}  // namespace flowrun
