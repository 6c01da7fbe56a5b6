#include "engine/spec/unit.h"

#include "tests/support/catch.h"

using namespace flowrun;

TEST_CASE("units are shown for people and named for files") {
  const Unit window{
      .kind = UnitKind::window, .interval = {1767225600000000LL, 1767232800000000LL}, .id = "x"};
  CHECK(window.shown() == "window 2026-01-01T00:00:00..2026-01-01T02:00:00");
  CHECK(window.file_name() == "20260101T000000Z");
  const Unit half{.kind = UnitKind::window, .interval = {500'000, 1'000'000}};
  CHECK(half.file_name() == "19700101T000000.5Z");
  const Unit load{.kind = UnitKind::load, .id = "0123456789abcdef"};
  CHECK(load.shown() == "load 0123456789ab");
  CHECK(Unit{.kind = UnitKind::load, .id = "cursor-20260101T000000-1a2b"}.shown() ==
        "load cursor-20260101T000000-1a2b");
  CHECK(load.file_name() == "load");
  const Unit unplaced{.kind = UnitKind::unplaced, .id = "unplaced"};
  CHECK(unplaced.shown() == "rows without a time");
  CHECK(unplaced.file_name() == "unplaced");
}
