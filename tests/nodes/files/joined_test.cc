#include <sys/stat.h>

#include <algorithm>
#include <random>

#include "tests/nodes/files/joined_fixture.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using Fixture = JoinedFixture;

namespace {

std::string text_of_hour(int number, int generation = 1) {
  std::string rows;
  for (int i = 0; i < 3; ++i) {
    rows += std::to_string(number * 10 + i) + ",g" + std::to_string(generation) +
            std::string(static_cast<std::size_t>(number % 5), 'x') + "\n";
  }
  return rows;
}

}  // namespace

TEST_CASE("rule 19: a file appears whole, at the end of the run") {
  Fixture f;
  auto run = f.run();
  CHECK(run.steps() == "make the file " + f.path + "\n");
  run.start();
  CHECK(run.put(hour(0), "1,a\n2,\"x,y\""));
  CHECK(f.names() == "wide.csv.parts");
  run.put(hour(1), "3,\n4,\"\"");
  CHECK(f.names() == "wide.csv.parts");
  run.close();
  CHECK(f.names() == "wide.csv");
  CHECK(f.file() == "ts,v\n1,a\n2,\"x,y\"\n3,\n4,\"\"\n");
  CHECK(run.covered() == "window 0-2h gen 1 rows 4");
  CHECK(run.steps().empty());
}

TEST_CASE(
    "rule 19: windows stand in the order of time, rows without a time last, whatever the order of "
    "commits") {
  Fixture f;
  auto run = f.run();
  run.start();
  run.put(hour(2), "2,c");
  run.put(unplaced(), "9,z");
  run.put(hour(0), "0,a");
  run.put(hour(1), "1,b");
  run.close();
  CHECK(f.file() == "ts,v\n0,a\n1,b\n2,c\n9,z\n");
  CHECK(f.names() == "wide.csv");
}

TEST_CASE("parts that are the file already are renamed, not copied") {
  Fixture f;
  auto run = f.run();
  run.start();
  run.put(hour(0), "0,a");
  run.put(hour(1), "");
  run.put(hour(2), "2,c");
  struct stat part {};
  REQUIRE(::stat((f.path + ".parts/1.part").c_str(), &part) == 0);
  run.close();
  struct stat file {};
  REQUIRE(::stat(f.path.c_str(), &file) == 0);
  CHECK(part.st_ino == file.st_ino);
}

TEST_CASE(
    "rule 13: rows are in the order of their ordinals, whatever order their batches came in and "
    "whatever the memory") {
  std::mt19937 random(7);
  std::string rows;
  std::string expected = "ts,v\n";
  for (int i = 0; i < 3000; ++i)
    rows += std::to_string(i) + ",text " + std::to_string(i * 7919 % 1000) + "\n";
  expected += rows;
  const auto all = batch_of("ts int64, v string", rows);
  for (const bool overlapping : {false, true}) {
    std::vector<BatchRef> batches;
    if (overlapping) {
      std::vector<std::vector<std::uint32_t>> parts(60);
      for (std::uint32_t i = 0; i < 3000; ++i) parts[random() % 60].push_back(i);
      for (auto& part : parts) {
        std::shuffle(part.begin(), part.end(), random);
        batches.push_back(take(*all, part));
      }
    } else {
      batches = cut(all, 50);
    }
    for (int round = 0; round < 6; ++round) {
      for (const std::int64_t memory :
           {std::int64_t{0}, std::int64_t{20'000}, std::int64_t{1} << 30}) {
        Fixture f;
        auto run = f.run();
        run.memory = memory;
        run.start();
        run.put(hour(0), batches);
        run.close();
        CHECK(f.file() == expected);
      }
      // The first round is in order; then nearly, then at random.
      if (round < 3) {
        for (std::size_t i = 0; i + 8 < batches.size(); i += 8)
          std::shuffle(batches.begin() + static_cast<long>(i),
                       batches.begin() + static_cast<long>(i) + 8, random);
      } else {
        std::shuffle(batches.begin(), batches.end(), random);
      }
    }
  }
}

TEST_CASE("units that are open side by side beyond the memory keep apart") {
  Fixture f;
  auto run = f.run();
  run.memory = 5000;
  run.start();
  std::string expected = "ts,v\n";
  std::vector<std::vector<BatchRef>> rows(3);
  for (int h = 0; h < 3; ++h) {
    std::string text;
    for (int i = 0; i < 500; ++i) text += std::to_string(h * 1000 + i) + ",v\n";
    expected += text;
    rows[static_cast<std::size_t>(h)] = cut(batch_of(run.fields(), text), 20);
    run.sink().begin(hour(h));
  }
  for (std::size_t i = 0; i < 25; ++i) {
    for (int h = 0; h < 3; ++h)
      run.sink().write(hour(h), run.sink().encode(rows[static_cast<std::size_t>(h)][i]));
  }
  for (const int h : {1, 0, 2}) {
    run.prepare(hour(h));
    run.commit(hour(h));
  }
  run.close();
  CHECK(f.file() == expected);
  CHECK(f.names() == "wide.csv");
}

TEST_CASE("rule 1: what is committed is not loaded again, and a later run adds its windows") {
  Fixture f;
  {
    auto run = f.run();
    run.start();
    run.put(hour(1), "1,b");
    run.put(hour(3), "3,d");
    run.close();
  }
  auto run = f.run();
  run.start();
  CHECK_FALSE(run.put(hour(1), "1,other"));
  CHECK(run.put(hour(0), "0,a"));
  CHECK(run.put(hour(2), "2,c"));
  CHECK(f.file() == "ts,v\n1,b\n3,d\n");
  run.close();
  CHECK(f.file() == "ts,v\n0,a\n1,b\n2,c\n3,d\n");
  CHECK(run.covered() == "window 0-4h gen 1 rows 4");
}

TEST_CASE("rule 3: a unit that is planned again takes the place of its earlier rows") {
  Fixture f;
  {
    auto run = f.run();
    run.start();
    for (int h = 0; h < 4; ++h) run.put(hour(h), text_of_hour(h));
    run.close();
  }
  auto run = f.run();
  run.plan_hash = "h2";
  run.start();
  CHECK(run.put(hour(2), text_of_hour(2, 2)));
  CHECK(run.put(hour(1), ""));  // no rows any more
  run.close();
  CHECK(f.file() == "ts,v\n" + text_of_hour(0) + text_of_hour(2, 2) + text_of_hour(3));
  CHECK(run.covered() ==
        "window 0-1h gen 1 rows 3; window 1-3h gen 2 rows 3; window 3-4h gen 1 rows 3");
  auto again = f.run();
  again.plan_hash = "h3";
  again.start();
  for (int h = 0; h < 4; ++h) CHECK(again.put(hour(h), text_of_hour(h, 3)));
  again.close();
  CHECK(f.file() == "ts,v\n" + text_of_hour(0, 3) + text_of_hour(1, 3) + text_of_hour(2, 3) +
                        text_of_hour(3, 3));
  CHECK(f.names() == "wide.csv");
}

TEST_CASE(
    "a unit planned again without rows is gone from the file, though nothing else was written") {
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
  run.put(hour(0), "");
  {
    auto next = f.run();  // as after a crash before the end
    next.start();
    CHECK(next.covered() == "window 0-1h gen 2 rows 0; window 1-2h gen 1 rows 1");
    next.close();
  }
  CHECK(f.file() == "ts,v\n1,b\n");
}

TEST_CASE("rule 2: a load of other inputs adds rows, one of the same inputs replaces them") {
  Fixture f;
  const auto load = [&](const std::string& id, const InputSet& inputs, const std::string& rows) {
    auto run = f.run();
    run.inputs = inputs;
    run.start();
    const bool done = !run.put(load_of(id), rows);
    run.close();
    return done;
  };
  load("one", {{"in:a.csv", "1"}}, "1,a\n2,a");
  CHECK(load("one", {{"in:a.csv", "1"}}, "9,never"));
  load("two", {{"in:b.csv", "1"}}, "3,b");
  CHECK(f.file() == "ts,v\n1,a\n2,a\n3,b\n");
  load("three", {{"in:a.csv", "2"}}, "1,A");
  CHECK(f.file() == "ts,v\n3,b\n1,A\n");
  CHECK_FALSE(load("one", {{"in:a.csv", "1"}}, "1,a\n2,a"));  // the input went back to what it was
  CHECK(f.file() == "ts,v\n3,b\n1,a\n2,a\n");
  load("all", {{"in:a.csv", "1"}, {"in:b.csv", "1"}, {"in:c.csv", "1"}}, "1,a\n2,a\n3,b\n4,c");
  CHECK(f.file() == "ts,v\n1,a\n2,a\n3,b\n4,c\n");
}

TEST_CASE("a load that is planned again keeps its place") {
  Fixture f;
  const auto load = [&](const std::string& id, const std::string& hash, const std::string& rows) {
    auto run = f.run();
    run.inputs = {{"in:" + id, "1"}};
    run.plan_hash = hash;
    run.start();
    run.put(load_of(id), rows);
    run.close();
  };
  load("one", "h1", "1,a");
  load("two", "h1", "2,b");
  load("one", "h2", "1,A\n1,B");
  CHECK(f.file() == "ts,v\n1,A\n1,B\n2,b\n");
  load("two", "h2", "2,B");
  CHECK(f.file() == "ts,v\n1,A\n1,B\n2,B\n");
}

TEST_CASE("a window that spanned a stretch without rows gives way piece by piece") {
  Fixture f;
  {
    auto run = f.run();
    run.start();
    run.put(hour(0), "0,a");
    run.stretch = 5;  // hours 1 to 5 had no rows; their coverage comes with hour 6
    run.put(hour(6), "6,g");
    run.stretch = 0;
    run.close();
    CHECK(run.covered() == "window 0-7h gen 1 rows 2");
  }
  auto run = f.run();
  run.plan_hash = "h2";
  run.start();
  run.put(hour(3), "3,d");
  {
    auto next = f.run();  // as after a crash before hour 6 was planned again
    next.start();
    CHECK(next.covered() ==
          "window 0-3h gen 1 rows 2; window 3-4h gen 2 rows 1; window 4-7h gen 1 rows 1");
  }
  run.put(hour(6), "6,G");
  run.close();
  CHECK(f.file() == "ts,v\n0,a\n3,d\n6,G\n");
  auto last = f.run();
  last.start();
  CHECK(last.covered() ==
        "window 0-3h gen 1 rows 2; window 3-4h gen 2 rows 1; window 4-6h gen 1 rows 1; "
        "window 6-7h gen 2 rows 1");
}
