#include "tests/engine/state/journal_place.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

TEST_CASE("cursors come back as they were put, each owner's its own") {
  const JournalPlace state;
  CursorState full;
  full.inputs = "f1";
  // A zero byte in a digest is a byte like any other.
  full.marks[""] = {.value = "2026-01-01", .columns = "a\nb\n", .ties = {{{0, 1}, 2}, {{7, 0}, 1}}};
  full.marks["place=su'ez"] = {.value = "7", .columns = {}, .ties = {}};
  full.load = CursorLoad{.id = "cursor-1",
                         .to = {{"", {.value = "2026-01-02", .columns = "a\n", .ties = {}}}},
                         .rows = 3,
                         .digest = "00ff"};
  CursorState empty_file;
  empty_file.inputs = "f2";
  empty_file.held_back = true;
  const auto journal = state.open();
  journal->put_cursors("p", "", {{"one", full}, {"two", empty_file}});
  journal->put_cursors("p", "ship=a", {{"one", empty_file}});
  const auto again = state.open();
  CHECK(again->cursors("p", "") ==
        std::map<std::string, CursorState>{{"one", full}, {"two", empty_file}});
  CHECK(again->cursors("p", "ship=a").at("one") == empty_file);
  CHECK(again->cursors("q", "").empty());

  full.load.reset();
  full.marks.erase("");
  again->put_cursors("p", "", {{"one", full}, {"two", {}}});
  CHECK(again->cursors("p", "") == std::map<std::string, CursorState>{{"one", full}});
}
