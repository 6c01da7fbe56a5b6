// Checks in whole pipelines: what they let through, what they block, and what the journal says.
#include "engine/state/sqlite_journal.h"
#include "tests/pipelines/golden_run.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

const std::string kPipeline = R"(
name = "arrivals"

[params]
most = 5000

[window]
column   = "at"
every    = "1h"
lateness = "1h"

[sources.arrivals]
type    = "csv"
path    = "arrivals.csv"
columns = { at = "timestamp", port = "string", vessels = "int64" }

[transforms.sound]
type  = "check"
input = "arrivals"

[[transforms.sound.rules]]
name     = "sane"
expr     = "vessels >= 0"
on_fail  = "reject"

[[transforms.sound.rules]]
name     = "busy"
expr     = "vessels < ${most}"
on_fail  = "warn"

[[transforms.sound.rules]]
name     = "once"
unique   = ["at", "port"]

[[transforms.sound.rules]]
name      = "some"
row_count = { min = 2 }

[sinks.out]
type   = "sqlite"
input  = "sound"
path   = "out.db"
table  = "arrivals"
mode   = "upsert"
key    = ["at", "port"]
create = true

[sinks.file]
type  = "csv"
input = "sound"
path  = "${window}.csv"

[sinks.results]
type  = "csv"
input = "sound.results"
path  = "results/${window}.csv"

[sinks.bad]
type  = "csv"
input = "sound.rejected"
path  = "bad/${window}.csv"
)";

const std::string kHeader = "at,port,vessels\n";
const std::string kHour0 =
    "2026-01-01T00:00:00,A,1\n2026-01-01T00:10:00,B,6000\n2026-01-01T00:20:00,B,-1\n";
const std::string kHour1 = "2026-01-01T01:00:00,A,3\n2026-01-01T01:10:00,B,4\n";
const std::string kHour2 = "2026-01-01T02:00:00,A,7\n2026-01-01T02:10:00,A,9000\n";

/// What the journal says of a run's rules, a line each.
std::string journalled(const GoldenFolder& folder, const std::string& run) {
  const auto journal = open_sqlite_journal(
      "sqlite:" + (folder.path() / ".flowrun" / "state.db").string(), JournalAccess::existing);
  std::string text;
  for (const auto& [node, unit, result] : journal->checks(run)) {
    text += node + " " + unit.substr(unit.find('T') + 1, 2) + " " + result.rule + " " +
            (result.passed ? "held" : "broken") + " " + std::to_string(result.failed) + "/" +
            std::to_string(result.rows) + " " + result.origin + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("a rule of severity error keeps just its window out, and mended data go on from there") {
  for (const auto& setting : all_settings()) {
    INFO(setting.shown());
    GoldenFolder folder;
    folder.write("pipeline.toml", kPipeline);
    // The key of the second window's last row stands twice.
    folder.write("arrivals.csv", kHeader + kHour0 + kHour1 + "2026-01-01T01:10:00,B,5\n" + kHour2);
    const auto report = folder.run(setting);
    CHECK(report.code == Errc::check);
    CHECK(exit_code(report) == 3);
    CHECK_THAT(report.message,
               ContainsSubstring("check \"once\" of node \"sound\" does not hold: 1 of 3 rows have "
                                 "the key of an earlier one, the first with at = "
                                 "2026-01-01T01:10:00, port = B; the first is arrivals.csv:7; "
                                 "nothing of it was committed"));
    CHECK(folder.read("20260101T000000Z.csv") ==
          kHeader + "2026-01-01T00:00:00,A,1\n2026-01-01T00:10:00,B,6000\n");
    CHECK(!folder.has("20260101T010000Z.csv"));
    CHECK(!folder.has("results/20260101T010000Z.csv"));
    CHECK(folder.read("bad/20260101T000000Z.csv")
              .find("sound,sane: vessels >= 0 does not hold,vessels,-1,arrivals.csv:4,") !=
          std::string::npos);
    // Windows commit in whatever order they are ready: the third may be there, the second is not.
    const auto found = journalled(folder, report.run);
    CHECK(
        found.starts_with("sound 00 sane broken 1/3 arrivals.csv:4\n"
                          "sound 00 busy broken 1/2 arrivals.csv:3\n"
                          "sound 00 once held 0/2 \nsound 00 some held 0/2 \n"
                          "sound 01 sane held 0/3 \nsound 01 busy held 0/3 \n"
                          "sound 01 once broken 1/3 arrivals.csv:7\nsound 01 some held 0/3 \n"));

    folder.write("arrivals.csv", kHeader + kHour0 + kHour1 + kHour2);
    const auto mended = folder.run(setting);
    REQUIRE(mended.message == "");
    CHECK(folder.read("20260101T010000Z.csv") == kHeader + kHour1);
    CHECK(folder.read("20260101T020000Z.csv") == kHeader + kHour2);
    CHECK(folder.read("results/20260101T010000Z.csv").find(",once,error,true,2,0,") !=
          std::string::npos);
    CHECK(folder.run(setting).up_to_date);
  }
}

TEST_CASE("checks that only warn are told once per rule, with the first window and how many more") {
  GoldenFolder folder;
  folder.write("pipeline.toml", kPipeline);
  folder.write("arrivals.csv", kHeader + kHour0 + kHour1 + kHour2);
  const auto report = folder.run();
  REQUIRE(report.message == "");
  CHECK(report.warnings ==
        std::vector<std::string>{
            "check \"busy\" of node \"sound\" does not hold in window "
            "2026-01-01T00:00:00..2026-01-01T01:00:00: 1 of 2 rows: vessels < ${most} does not "
            "hold, the first with vessels = 6000; the first is arrivals.csv:3 (and in 1 more "
            "unit)"});
  REQUIRE(report.checks.size() == 4);
  const auto& busy = report.checks[1];
  CHECK((busy.rule == "busy" && busy.units == 3 && busy.units_failed == 2));
  CHECK((busy.rows == 6 && busy.failed == 2));
  const auto& sane = report.checks[0];
  CHECK((sane.rule == "sane" && sane.units == 3 && sane.units_failed == 1 && sane.rows == 7));
}

TEST_CASE("a load without a row is judged") {
  GoldenFolder folder;
  folder.write("pipeline.toml", R"(
name = "empty"
[sources.in]
type    = "csv"
path    = "in.csv"
columns = { v = "int64" }
[transforms.sound]
type  = "check"
input = "in"
rules = [{ name = "some", row_count = { min = 1 } }]
[sinks.out]
type  = "csv"
input = "sound"
path  = "out.csv"
)");
  folder.write("in.csv", "v\n");
  const auto report = folder.run();
  CHECK(report.code == Errc::check);
  CHECK_THAT(report.message, ContainsSubstring("0 rows, wanted at least 1"));
  CHECK(!folder.has("out.csv"));
  folder.write("in.csv", "v\n1\n");
  CHECK(folder.run().message == "");
  CHECK(folder.read("out.csv") == "v\n1\n");
}
