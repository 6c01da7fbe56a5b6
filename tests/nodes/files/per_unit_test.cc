#include <filesystem>

#include "nodes/catalog.h"
#include "tests/nodes/files/harness.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

struct Fixture {
  TempFolder folder;
  CoverageFake store;

  Fixture() { std::filesystem::create_directory(folder / "out"); }
  [[nodiscard]] FileRun run() {
    return {nodes::ndjson_sink(),
            {{"path", value(folder / "out/w-${window}.ndjson")}},
            "ts int64, v string",
            store,
            folder / ""};
  }
  [[nodiscard]] std::string names() const { return names_in(folder / "out"); }
  [[nodiscard]] std::string file(const std::string& name) const {
    return content(folder / ("out/" + name));
  }
};

const char* const kHour0 = "w-19700101T000000Z.ndjson";
const char* const kHour1 = "w-19700101T010000Z.ndjson";

}  // namespace

TEST_CASE("rule 19: one file per window, named after it, in place when the window commits") {
  Fixture f;
  auto run = f.run();
  run.start();
  run.stage(hour(0), {batch_of(run.fields(), "0,a")});
  run.stage(hour(1), {batch_of(run.fields(), "1,b\n2,")});
  run.prepare(hour(1));
  CHECK(f.names() == std::string(kHour1) + ".part");
  run.commit(hour(1));
  CHECK(f.names() == kHour1);
  CHECK(f.file(kHour1) == "{\"ts\":1,\"v\":\"b\"}\n{\"ts\":2,\"v\":null}\n");
  run.prepare(hour(0));
  run.commit(hour(0));
  run.put(unplaced(), "9,z");
  run.put(hour(2), "");
  run.close();
  CHECK(f.names() == std::string(kHour0) + " " + kHour1 + " w-unplaced.ndjson");
  CHECK(run.covered() == "window 0-3h gen 1 rows 3; unplaced unplaced gen 1 rows 1");
}

TEST_CASE("a window planned again replaces its file, or removes it where it has no rows any more") {
  Fixture f;
  {
    auto run = f.run();
    run.start();
    run.put(hour(0), "0,a");
    run.put(hour(1), "1,b");
    run.close();
  }
  auto run = f.run();
  run.plan_hash = "h2";
  run.start();
  run.put(hour(0), "0,A");
  run.put(hour(1), "");
  run.close();
  CHECK(f.names() == kHour0);
  CHECK(f.file(kHour0) == "{\"ts\":0,\"v\":\"A\"}\n");
  CHECK(run.covered() == "window 0-2h gen 2 rows 1");
}

TEST_CASE("rule 1: a window's file that was deleted or edited is uncovered, the others are not") {
  Fixture f;
  {
    auto run = f.run();
    run.start();
    run.put(hour(0), "0,a");
    run.put(hour(1), "1,b");
    run.put(hour(2), "2,c");
    run.put(unplaced(), "");
    run.close();
  }
  std::filesystem::remove(f.folder / ("out/" + std::string(kHour0)));
  put_content(f.folder / ("out/" + std::string(kHour1)), "{\"ts\":1,\"v\":\"x\"}\n");
  auto run = f.run();
  run.start();
  CHECK(run.covered() == "window 2-3h gen 1 rows 1");
  run.put(hour(0), "0,a");
  run.put(hour(1), "1,b");
  run.close();
  CHECK(f.file(kHour1) == "{\"ts\":1,\"v\":\"b\"}\n");
}

TEST_CASE(
    "a crash between prepare and commit is recovered: the file whose digest fits gets its name") {
  Fixture f;
  {
    auto run = f.run();
    run.start();
    run.stage(hour(0), {batch_of(run.fields(), "0,a")});
    run.prepare(hour(0));
    put_content(f.folder / ("out/" + std::string(kHour1) + ".part"), "half of a line");
    put_content(f.folder / "out/w-mine.ndjson.part", "not ours");
  }
  SECTION("before the rename") {}
  SECTION("after the rename") {
    std::filesystem::rename(f.folder / ("out/" + std::string(kHour0) + ".part"),
                            f.folder / ("out/" + std::string(kHour0)));
  }
  auto run = f.run();
  run.start();
  CHECK(run.is_done(hour(0)));
  CHECK_FALSE(run.is_done(hour(1)));
  CHECK(f.names() == std::string(kHour0) + " w-mine.ndjson.part");
  CHECK(run.covered() == "window 0-1h gen 1 rows 1");
}

TEST_CASE("a prepared file that is damaged is dropped") {
  Fixture f;
  {
    auto run = f.run();
    run.start();
    run.stage(hour(0), {batch_of(run.fields(), "0,a")});
    run.prepare(hour(0));
  }
  put_content(f.folder / ("out/" + std::string(kHour0) + ".part"), "{\"ts\":0,\"v\":\"b\"}\n");
  auto run = f.run();
  run.start();
  CHECK(run.covered().empty());
  CHECK(f.names().empty());
}

TEST_CASE("an aborted window leaves no file") {
  Fixture f;
  auto run = f.run();
  run.memory = 0;
  run.start();
  run.stage(hour(0), {batch_of(run.fields(), "0,a")});
  CHECK(f.names() == std::string(kHour0) + ".part");
  run.abort(hour(0));
  run.stage(hour(1), {batch_of(run.fields(), "1,b")});
  run.prepare(hour(1));
  run.abort(hour(1));
  CHECK(f.names().empty());
  run.close(false);
  CHECK(f.run().steps().empty());
}
