#include "engine/core/error.h"
#include "tests/engine/state/journal_place.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace flowrun;
using namespace flowrun::testing;

namespace {

const CoverageKey kKey{.pipeline = "p", .instance = "", .sink = "out", .target = "/x/out.csv"};

Marker marker_of(Micros from, Micros until, std::int64_t generation = 1,
                 std::int64_t replaces = 0) {
  return {
      .key = kKey, .coverage = window_coverage(from, until, "r", generation), .replaces = replaces};
}

Marker load_marker(const std::string& id) {
  auto marker = marker_of(0, 0);
  marker.coverage.kind = UnitKind::load;
  marker.coverage.id = id;
  return marker;
}

}  // namespace

TEST_CASE("a unit is prepared, then committed, then covered, across processes") {
  const JournalPlace state;
  state.open()->coverage().prepare(marker_of(0, 100), "digest");
  {
    auto journal = state.open();
    auto& store = journal->coverage();
    const auto prepared = store.prepared(kKey);
    REQUIRE(prepared.size() == 1);
    CHECK(prepared[0].note == "digest");
    CHECK(prepared[0].marker.coverage.interval == Interval{0, 100});
    CHECK(*prepared[0].marker.coverage.inputs == InputSet{{"a:x.csv", "12ab"}});
    CHECK(store.load(kKey).empty());
    store.commit(prepared[0].marker, prepared[0].note);
  }
  auto journal = state.open();
  auto& store = journal->coverage();
  CHECK(store.prepared(kKey).empty());
  REQUIRE(store.load(kKey).size() == 1);
  REQUIRE(store.committed(kKey).size() == 1);
  CHECK(store.committed(kKey)[0].note == "digest");
  auto other = kKey;
  other.sink = "other";
  CHECK(store.load(other).empty());
}

TEST_CASE(
    "rule 1: adjacent windows are covered as one, and each keeps its note in the order of "
    "commits") {
  const JournalPlace state;
  auto journal = state.open();
  auto& store = journal->coverage();
  store.commit(marker_of(100, 200), "b");
  store.commit(marker_of(0, 100), "a");
  store.commit(marker_of(300, 400), "d");
  const auto covered = store.load(kKey);
  REQUIRE(covered.size() == 2);
  CHECK(covered[0].interval == Interval{0, 200});
  CHECK(covered[0].rows == 20);
  CHECK(covered[1].interval == Interval{300, 400});
  const auto notes = store.committed(kKey);
  REQUIRE(notes.size() == 3);
  CHECK(notes[0].note == "b");
  CHECK(notes[1].note == "a");
}

TEST_CASE("rule 3: a new generation takes the place of the one that it names") {
  const JournalPlace state;
  auto journal = state.open();
  auto& store = journal->coverage();
  store.commit(marker_of(0, 100), "old");
  store.prepare(marker_of(0, 100, 2, 1), "new");
  CHECK(store.prepared(kKey).at(0).marker.replaces == 1);
  CHECK(store.load(kKey).at(0).generation == 1);
  store.commit(marker_of(0, 100, 2, 1), "new");
  REQUIRE(store.committed(kKey).size() == 1);
  CHECK(store.committed(kKey)[0].note == "new");
  CHECK(store.load(kKey).at(0).generation == 2);
}

TEST_CASE("rule 3: a new generation leaves covered what the entry holds beside its unit") {
  const JournalPlace state;
  auto journal = state.open();
  auto& store = journal->coverage();
  store.commit(marker_of(0, 100), "rows in 90 to 100");
  store.commit(marker_of(20, 30, 2, 1), "new rows");
  store.commit(marker_of(90, 100, 2, 1), "other rows");
  std::string found;
  for (const auto& [marker, note] : store.committed(kKey)) {
    found += std::to_string(marker.coverage.interval.from) + "-" +
             std::to_string(marker.coverage.interval.until) + " " + note + "; ";
  }
  CHECK_THAT(found, ContainsSubstring("0-20 rows in 90 to 100; ") &&
                        ContainsSubstring("30-90 rows in 90 to 100; ") &&
                        ContainsSubstring("20-30 new rows; ") &&
                        ContainsSubstring("90-100 other rows; "));
  CHECK(store.load(kKey).size() == 4);
}

TEST_CASE("rule 4: a second marker for a unit fails, the same marker again does not") {
  const JournalPlace state;
  auto journal = state.open();
  auto& store = journal->coverage();
  store.commit(marker_of(0, 100), "mine");
  CHECK_NOTHROW(store.commit(marker_of(0, 100), "mine"));
  CHECK(store.committed(kKey).size() == 1);
  CHECK_THROWS_WITH(store.commit(marker_of(0, 100), "other"), ContainsSubstring("somebody else"));
  CHECK_THROWS_WITH(store.commit(marker_of(50, 150), "overlapping"),
                    ContainsSubstring("somebody else"));
  CHECK_THROWS_WITH(store.commit(marker_of(0, 100, 3, 2), "skipped one"),
                    ContainsSubstring("expected 2"));
  CHECK_THROWS_WITH(store.commit(marker_of(500, 600, 2, 1), "nothing there"),
                    ContainsSubstring("expected 1"));
  CHECK(store.committed(kKey).size() == 1);
  store.commit(load_marker("one"), "");
  store.commit(load_marker("two"), "");
  CHECK_THROWS_AS(store.commit(load_marker("two"), "again"), Error);
  CHECK(store.load(kKey).size() == 3);
}

TEST_CASE("rule 4: who lost the lease to a newer epoch can neither prepare nor commit") {
  const JournalPlace state;
  auto old_journal = state.open();
  const auto old_lease = old_journal->acquire("p", "");
  old_journal->coverage().prepare(marker_of(0, 100), "old");
  // Another run got in, although the first one lives.
  state.break_locks();
  auto new_journal = state.open();
  const auto new_lease = new_journal->acquire("p", "");
  CHECK(new_lease->epoch() == 2);
  CHECK_THROWS_WITH(old_journal->coverage().prepare(marker_of(100, 200), ""),
                    ContainsSubstring("epoch 2 after 1"));
  CHECK_THROWS_AS(old_journal->coverage().commit(marker_of(0, 100), "old"), Error);
  // What was prepared before the crash is finished by the new holder, marker and all.
  const auto prepared = new_journal->coverage().prepared(kKey);
  REQUIRE(prepared.size() == 1);
  CHECK_NOTHROW(new_journal->coverage().commit(prepared[0].marker, prepared[0].note));
}

TEST_CASE("a unit that is taken back is gone, prepared or committed") {
  const JournalPlace state;
  auto journal = state.open();
  auto& store = journal->coverage();
  store.commit(marker_of(0, 100), "a");
  store.commit(marker_of(100, 200), "b");
  store.prepare(marker_of(200, 300), "c");
  store.forget(marker_of(0, 100));
  store.forget(marker_of(200, 300));
  CHECK(store.prepared(kKey).empty());
  REQUIRE(store.committed(kKey).size() == 1);
  CHECK(store.committed(kKey)[0].note == "b");
}

TEST_CASE("a unit prepared again replaces what was prepared of it") {
  const JournalPlace state;
  auto journal = state.open();
  auto& store = journal->coverage();
  store.prepare(marker_of(0, 100), "first");
  store.prepare(marker_of(0, 100), "second");
  REQUIRE(store.prepared(kKey).size() == 1);
  CHECK(store.prepared(kKey)[0].note == "second");
}
