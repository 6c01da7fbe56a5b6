#include "nodes/files/range.h"

#include "engine/core/hash.h"
#include "tests/nodes/files/harness.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::nodes;
using namespace flowrun::testing;

TEST_CASE("a range's note reads back") {
  for (const auto& unit : {hour(3), load_of("an id with spaces"), load_of(""), unplaced()}) {
    auto range = range_of(unit, 4);
    range.sequence = 7;
    range.part = 2;
    range.offset = 100;
    range.length = 50;
    range.format = "f";
    REQUIRE(parse_range(to_text(range)));
    CHECK((*parse_range(to_text(range)) == range));
  }
  for (const auto* text :
       {"", "window", "window 0 1 1 0 0 0 x digest format ", "month 0 1 1 0 0 0 0 digest format ",
        "window 0 1 1 0 0 -5 0 digest format "}) {
    INFO(text);
    CHECK_FALSE(parse_range(text));
  }
}

TEST_CASE("units have an order and know who stands for the same rows") {
  const auto first = range_of(hour(0), 1);
  const auto second = range_of(hour(1), 1);
  auto wide = first;
  wide.cell.until = 2 * kHour;
  CHECK(comes_before(first, second));
  CHECK(comes_before(second, range_of(unplaced(), 1)));
  auto early = range_of(load_of("z"), 1);
  auto late = range_of(load_of("a"), 1);
  late.sequence = 1;
  CHECK(comes_before(early, late));
  CHECK(same_unit(first, range_of(hour(0), 2)));
  CHECK(share_rows(wide, second));
  CHECK_FALSE(share_rows(first, second));
  CHECK_FALSE(share_rows(early, late));
  CHECK_FALSE(share_rows(first, range_of(unplaced(), 1)));
}

TEST_CASE("an entry that lost its unit to a newer one covers a stretch without rows") {
  const auto range = range_of(hour(5), 1);
  CHECK(covers_cell({.kind = UnitKind::window, .interval = {0, 6 * kHour}}, range));
  CHECK_FALSE(covers_cell({.kind = UnitKind::window, .interval = {0, 5 * kHour}}, range));
  CHECK(covers_cell({.kind = UnitKind::load}, range_of(load_of("x"), 1)));
}

TEST_CASE("a file's ranges are compared by their digests, again when it changes") {
  const TempFolder folder;
  const auto path = folder / "x";
  const std::vector<FileRange> ranges{{.offset = 2, .length = 3, .digest = fingerprint("abc")},
                                      {.offset = 5, .length = 2, .digest = fingerprint("de")}};
  const auto found = [&](bool whole) {
    std::string out;
    for (const bool good : verify_ranges(path, "h\n", ranges, whole)) out += good ? "y" : "n";
    return out;
  };
  CHECK(found(true) == "nn");  // no such file
  put_content(path, "h\nabcde");
  CHECK(found(true) == "yy");
  CHECK(found(true) == "yy");
  put_content(path, "h\nabXde");
  CHECK(found(true) == "ny");
  put_content(path, "h\nabcde+");
  CHECK(found(true) == "nn");
  CHECK(found(false) == "yy");
  put_content(path, "h\nabcd");
  CHECK(found(false) == "yn");
  put_content(path, "H\nabcde");
  CHECK(found(false) == "nn");
  put_content(path, "");
  CHECK(found(false) == "nn");
}
