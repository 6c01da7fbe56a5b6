// Whole pipelines with answers worked out by hand: the same at every number of threads and batch
// size.
#include "tests/pipelines/golden_run.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

const std::string kMainJob = R"(
name = "main_job"

[window]
column   = "at"
every    = "1h"
lateness = "10m"

[sources.readings]
type    = "csv"
path    = PATHS
columns = { at = "timestamp", ship = "string", channel = "string", value = "float64" }

[transforms.latest]
type  = "dedup"
input = "readings"
key   = ["at", "ship", "channel"]

[transforms.by_system]
type      = "split"
input     = "latest"
key       = "channel"
routes    = "routes.csv"
unmatched = "reject"

[transforms.engine]
type    = "pivot"
input   = "by_system.engine"
index   = ["at", "ship"]
name    = "channel"
value   = "value"
columns = { routes = "routes.csv", output = "engine" }

[transforms.nav]
type    = "pivot"
input   = "by_system.nav"
index   = ["at", "ship"]
name    = "channel"
value   = "value"
columns = { routes = "routes.csv", output = "nav" }

[sinks.engine_file]
type  = "csv"
input = "engine"
path  = "engine.csv"

[sinks.nav_file]
type  = "csv"
input = "nav"
path  = "nav/${window}.csv"

[sinks.bad]
type   = "ndjson"
inputs = ["readings.rejected", "by_system.rejected"]
path   = "bad.ndjson"
)";

const std::string kShipA =
    "at,ship,channel,value\n"
    "2026-01-01T00:00:00,A,rpm,1\n2026-01-01T00:00:00,A,load,2.5\n2026-01-01T00:00:00,A,speed,10\n"
    "2026-01-01T00:30:00,A,rpm,3\n"
    "2026-01-01T00:30:00,A,rpm,4\n"   // sent twice: the later one counts
    "2026-01-01T00:40:00,A,what,1\n"  // no route
    "2026-01-01T01:05:00,A,rpm,x\n"   // no number
    "2026-01-01T00:59:00,A,load,6\n"  // out of order, within the lateness
    "2026-01-01T02:00:00,A,\"rpm\",7\n2026-01-01T00:58:00,A,rpm,8\n";  // the last one is late
const std::string kShipB =
    "ship,at,channel,value\r\nB,2026-01-01T00:00:00,rpm,9\r\nB,2026-01-01T02:15:00,speed,11\r\n";

}  // namespace

TEST_CASE("the main job gives the same files at every setting and in every order of its inputs") {
  for (const std::string paths :
       {"\"in/*.csv\"", "[\"in/a.csv\", \"in/b.csv\"]", "[\"in/b.csv\", \"in/a.csv\"]"}) {
    GoldenFolder folder;
    auto text = kMainJob;
    text.replace(text.find("PATHS"), 5, paths);
    folder.write("pipeline.toml", text);
    folder.write("routes.csv", "channel,output\nrpm,engine\nload,engine\nspeed,nav\n");
    folder.write("in/a.csv", kShipA);
    folder.write("in/b.csv", kShipB);
    for (const auto& setting : all_settings()) {
      INFO(paths << ", " << setting.shown());
      folder.clear_but({"pipeline.toml", "routes.csv", "in"});
      const auto report = folder.run(setting);
      REQUIRE(report.message == "");
      CHECK(sorted_lines(folder.read("engine.csv")) ==
            std::vector<std::string>{"2026-01-01T00:00:00,A,1,2.5", "2026-01-01T00:00:00,B,9,",
                                     "2026-01-01T00:30:00,A,4,", "2026-01-01T00:59:00,A,,6",
                                     "2026-01-01T02:00:00,A,7,", "at,ship,rpm,load"});
      if (paths.front() == '"') {
        CHECK(folder.read("engine.csv") ==
              "at,ship,rpm,load\n2026-01-01T00:00:00,A,1,2.5\n2026-01-01T00:30:00,A,4,\n"
              "2026-01-01T00:59:00,A,,6\n2026-01-01T00:00:00,B,9,\n2026-01-01T02:00:00,A,7,\n");
      }
      CHECK(folder.read("nav/20260101T000000Z.csv") == "at,ship,speed\n2026-01-01T00:00:00,A,10\n");
      CHECK(folder.read("nav/20260101T020000Z.csv") == "at,ship,speed\n2026-01-01T02:15:00,B,11\n");
      const auto bad = sorted_lines(folder.read("bad.ndjson"));
      REQUIRE(bad.size() == 3);
      CHECK(bad[0].find("\"value\":\"what\",\"origin\":\"in/a.csv:7\"") != std::string::npos);
      CHECK(bad[1].find("late: its window had ended (lateness 10m)") != std::string::npos);
      CHECK(bad[1].find("in/a.csv:11") != std::string::npos);
      CHECK(bad[2].find("not a float64") != std::string::npos);
      CHECK(bad[2].find("in/a.csv:8:") != std::string::npos);

      const auto again = folder.run(setting);
      CHECK(again.up_to_date);
    }
  }
}

TEST_CASE("one byte of an input edited at equal size: upsert loads it, append refuses with 2") {
  for (const std::string mode : {"upsert", "append"}) {
    GoldenFolder folder;
    folder.write("in.csv", "k,v\na,1\nb,2\n");
    folder.write("pipeline.toml",
                 "name = \"edit\"\n[sources.s]\ntype = \"csv\"\npath = \"in.csv\"\n"
                 "columns = { k = \"string\", v = \"int64\" }\n[sinks.t]\ntype = \"sqlite\"\n"
                 "input = \"s\"\npath = \"t.db\"\ntable = \"t\"\ncreate = true\nmode = \"" +
                     mode + "\"\n" + (mode == "upsert" ? "key = \"k\"\n" : ""));
    REQUIRE(folder.run().message == "");
    folder.write("in.csv", "k,v\na,1\nb,7\n");
    const auto report = folder.run();
    if (mode == "upsert") {
      CHECK(report.message == "");
      CHECK(report.stats->nodes.back().passed == 2);
    } else {
      CHECK(exit_code(report) == 2);
      CHECK(report.message.find("has changed since it was loaded") != std::string::npos);
    }
    CHECK((folder.run().up_to_date || mode == "append"));
  }
}

TEST_CASE(
    "the target deleted: everything loads again, and a journal lost is rebuilt from the target") {
  GoldenFolder folder;
  folder.write("in.csv", "k,v\na,1\nb,2\n");
  folder.write("pipeline.toml",
               "name = \"gone\"\n[sources.s]\ntype = \"csv\"\npath = \"in.csv\"\n"
               "columns = { k = \"string\", v = \"int64\" }\n[sinks.t]\ntype = \"sqlite\"\n"
               "input = \"s\"\npath = \"t.db\"\ntable = \"t\"\ncreate = true\nmode = \"append\"\n");
  REQUIRE(folder.run().message == "");
  CHECK(folder.run().up_to_date);
  folder.clear_but({"in.csv", "pipeline.toml", ".flowrun"});
  const auto again = folder.run();
  CHECK(again.message == "");
  CHECK(again.stats->nodes.back().passed == 2);
  folder.clear_but({"in.csv", "pipeline.toml", "t.db"});
  CHECK(folder.run().up_to_date);
}
