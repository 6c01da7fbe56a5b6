#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "engine/core/error.h"
#include "tests/nodes/files/joined_fixture.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;
using Fixture = JoinedFixture;

TEST_CASE("a failed run leaves the file as it was, and the next one goes on") {
  Fixture f;
  {
    auto run = f.run();
    run.start();
    run.put(hour(0), "0,a");
    run.close();
  }
  {
    auto run = f.run();
    run.start();
    run.put(hour(1), "1,b");
    run.stage(hour(2), {batch_of(run.fields(), "2,lost")});
    run.abort(hour(2));
    run.stage(hour(3), {batch_of(run.fields(), "3,lost")});
    run.prepare(hour(3));
    run.abort(hour(3));
    run.close(false);
    CHECK(f.file() == "ts,v\n0,a\n");
    CHECK(run.covered() == "window 0-2h gen 1 rows 2");
  }
  auto run = f.run();
  run.start();
  CHECK_FALSE(run.put(hour(1), "1,other"));
  CHECK(run.put(hour(2), "2,c"));
  run.close();
  CHECK(f.file() == "ts,v\n0,a\n1,b\n2,c\n");
  CHECK(f.names() == "wide.csv");
}

TEST_CASE("a run that has nothing to do joins what an earlier one left") {
  Fixture f;
  {
    auto run = f.run();
    run.start();
    run.put(hour(1), "1,b");
    run.put(hour(0), "0,a");
  }
  auto run = f.run();
  run.start();
  CHECK(run.is_done(hour(0)));
  run.close();
  CHECK(f.file() == "ts,v\n0,a\n1,b\n");
}

TEST_CASE("rule 1: a file that was deleted is uncovered, whatever the journal says") {
  Fixture f;
  {
    auto run = f.run();
    run.start();
    run.put(hour(0), "0,a");
    run.put(hour(1), "");
    run.close();
  }
  std::filesystem::remove(f.path);
  auto run = f.run();
  run.start();
  CHECK_FALSE(run.is_done(hour(0)));
  CHECK(run.is_done(hour(1)));  // it has no rows that could be missing
  run.put(hour(0), "0,a");
  run.close();
  CHECK(f.file() == "ts,v\n0,a\n");
}

TEST_CASE("while rows are missing, the unit that says that all was read is uncovered too") {
  Fixture f;
  {
    auto run = f.run();
    run.start();
    run.put(hour(0), "0,a");
    run.put(hour(1), "");
    run.put(unplaced(), "");
    run.close();
    CHECK(run.covered() == "window 0-2h gen 1 rows 1; unplaced unplaced gen 1 rows 0");
  }
  std::filesystem::remove(f.path);
  auto run = f.run();
  run.start();
  CHECK(run.covered() == "window 1-2h gen 1 rows 0");
}

TEST_CASE("a file without rows is made again when it was deleted") {
  Fixture f;
  {
    auto run = f.run();
    run.start();
    run.put(hour(0), "");
    run.close();
    CHECK(f.file() == "ts,v\n");
  }
  std::filesystem::remove(f.path);
  auto run = f.run();
  run.start();
  CHECK_FALSE(run.put(hour(0), ""));
  run.close();
  CHECK(f.file() == "ts,v\n");
}

TEST_CASE("rule 1: a file that was edited is uncovered, at equal size too") {
  for (const auto* edited :
       {"ts,v\n0,a\n1,c\n", "ts,v\n0,a\n1,b\n2,x\n", "ts,w\n0,a\n1,b\n", "ts,v\n0,a\n", ""}) {
    INFO(edited);
    Fixture f;
    {
      auto run = f.run();
      run.start();
      run.put(hour(0), "0,a");
      run.put(hour(1), "1,b");
      run.close();
    }
    put_content(f.path, edited);
    auto run = f.run();
    CHECK(run.steps() ==
          "destructive: replace the file " + f.path + ", which holds something else now\n");
    run.start();
    CHECK(run.covered().empty());
    run.put(hour(0), "0,a");
    run.put(hour(1), "1,b");
    run.close();
    CHECK(f.file() == "ts,v\n0,a\n1,b\n");
  }
}

TEST_CASE("rows written in another format are written anew") {
  Fixture f;
  {
    auto run = f.run();
    run.start();
    run.put(hour(0), "0,a");
    run.close();
  }
  FileRun other(nodes::csv_sink(), {{"path", value(f.path)}, {"nulls", value("NA")}},
                "ts int64, v string", f.store, f.folder / "");
  other.start();
  CHECK(other.covered().empty());
  other.put(hour(0), "0,");
  other.close();
  CHECK(f.file() == "ts,v\n0,NA\n");
}

TEST_CASE("a damaged part loses its units, no others") {
  Fixture f;
  {
    auto run = f.run();
    run.start();
    run.put(hour(0), "0,a");
    run.put(hour(1), "1,b");
    run.put(hour(2), "2,c");
  }
  const auto part = f.path + ".parts/1.part";
  put_content(part, "ts,v\n0,a\n1,B\n2,");
  auto run = f.run();
  run.start();
  CHECK(run.covered() == "window 0-1h gen 1 rows 1");
  run.put(hour(1), "1,b");
  run.put(hour(2), "2,c");
  run.close();
  CHECK(f.file() == "ts,v\n0,a\n1,b\n2,c\n");
}

TEST_CASE("an unfinished join is finished or dropped") {
  Fixture f;
  {
    auto run = f.run();
    run.start();
    run.put(hour(1), "1,b");
    run.put(hour(0), "0,a");
  }
  const auto folder = f.path + ".parts/";
  SECTION("the joined file is complete: it counts, the parts count no more") {
    put_content(folder + "joined", "ts,v\n0,a\n1,b\n");
    put_content(folder + "1.part", "ts,v\n");
    auto run = f.run();
    run.start();
    CHECK(run.is_done(hour(0)));
    CHECK(f.file() == "ts,v\n0,a\n1,b\n");
    CHECK(f.names() == "wide.csv");
    run.close();
  }
  SECTION("it is still being made: it is dropped") {
    put_content(folder + "joining", "ts,v\n0,");
    auto run = f.run();
    run.start();
    CHECK(run.is_done(hour(1)));
    run.close();
  }
  SECTION("it was tampered with: everything is loaded again") {
    put_content(folder + "joined", "ts,v\n0,a\n1,x\n");
    auto run = f.run();
    run.start();
    CHECK(run.covered().empty());
    run.put(hour(0), "0,a");
    run.put(hour(1), "1,b");
    run.close();
  }
  CHECK(f.file() == "ts,v\n0,a\n1,b\n");
  CHECK(f.names() == "wide.csv");
}

TEST_CASE("a full disk ends the unit, and nothing is lost but the unit") {
  Fixture f;
  auto run = f.run();
  run.memory = 0;
  run.start();
  run.put(hour(0), "0,a");
  std::string rows;
  for (int i = 0; i < 3000; ++i) rows += "1,some text that takes room\n";
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto signal_before = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 20'000, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  std::string message;
  try {
    run.stage(hour(1), {batch_of(run.fields(), rows)});
    run.prepare(hour(1));
  } catch (const Error& error) {
    CHECK(error.code() == Errc::io);
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  (void)std::signal(SIGXFSZ, signal_before);
  CHECK_THAT(message, ContainsSubstring("cannot write") && ContainsSubstring("File too large"));
  run.abort(hour(1));
  run.close(false);
  auto next = f.run();
  next.start();
  CHECK(next.covered() == "window 0-1h gen 1 rows 1");
  next.put(hour(1), "1,b");
  next.close();
  CHECK(f.file() == "ts,v\n0,a\n1,b\n");
}

TEST_CASE("a folder that is not there is made, and one that cannot be is an error that names it") {
  Fixture f;
  f.path = f.folder / "no/such/wide.csv";
  {
    auto run = f.run();
    run.start();
    run.put(hour(0), "0,a");
    run.close();
    CHECK(f.file() == "ts,v\n0,a\n");
  }
  f.path = f.folder / "no/such/wide.csv/below.csv";
  auto run = f.run();
  CHECK_THROWS_WITH(run.start(),
                    ContainsSubstring(f.path + ".parts") && ContainsSubstring("Not a directory"));
}
