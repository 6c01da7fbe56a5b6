#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "nodes/catalog.h"
#include "tests/nodes/files/harness.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

struct Fixture {
  TempFolder folder;
  CoverageFake store;
  FileRun run{nodes::csv_sink(), {{"path", value("-")}}, "ts int64, v string", store, folder / ""};
};

}  // namespace

TEST_CASE("stdout gets a unit when it commits, the header once") {
  Fixture f;
  const auto file = open_file(f.folder / "out", O_RDWR | O_CREAT);
  {
    const StdoutTo out(file.fd());
    f.run.memory = 0;
    f.run.start();
    f.run.stage(hour(0), {batch_of(f.run.fields(), "2,b", 1), batch_of(f.run.fields(), "1,a", 0)});
    f.run.prepare(hour(0));
    CHECK(size_of_file(f.folder / "out") == 0);
    f.run.commit(hour(0));
    CHECK(content(f.folder / "out") == "ts,v\n1,a\n2,b\n");
    f.run.stage(hour(1), {batch_of(f.run.fields(), "3,never")});
    f.run.prepare(hour(1));
    f.run.abort(hour(1));
    f.run.put(hour(2), "");
    f.run.put(hour(3), "4,d");
    f.run.close();
  }
  CHECK(content(f.folder / "out") == "ts,v\n1,a\n2,b\n4,d\n");
  CHECK(f.run.covered().empty());
  CHECK(f.store.committed({}).empty());
}

TEST_CASE("a run without rows writes the header") {
  Fixture f;
  const auto file = open_file(f.folder / "out", O_RDWR | O_CREAT);
  {
    const StdoutTo out(file.fd());
    f.run.start();
    f.run.close();
  }
  CHECK(content(f.folder / "out") == "ts,v\n");
}

TEST_CASE("a full disk behind stdout is an error") {
  Fixture f;
  const auto full = open_file("/dev/full", O_WRONLY);
  const StdoutTo out(full.fd());
  f.run.start();
  f.run.stage(hour(0), {batch_of(f.run.fields(), "1,a")});
  f.run.prepare(hour(0));
  CHECK_THROWS_WITH(f.run.commit(hour(0)), "stdout cannot be written: No space left on device");
}

TEST_CASE("a reader of stdout that has gone ends nothing") {
  Fixture f;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  ::close(ends[0]);
  const FileHandle write_end(ends[1]);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  {
    const StdoutTo out(write_end.fd());
    f.run.start();
    CHECK(f.run.put(hour(0), "1,a"));
    CHECK(f.run.put(hour(1), "2,b"));
    f.run.close();
  }
  (void)std::signal(SIGPIPE, before);
}
