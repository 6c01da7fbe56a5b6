#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <random>

#include "nodes/catalog.h"
#include "tests/nodes/files/harness.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

const char* const kFields = "ts int64, v string";

std::string rows_of(int number, int generation) {
  std::string rows;
  for (int i = 0; i < 40; ++i) {
    rows += std::to_string(number * 100 + i) + ",generation " + std::to_string(generation) +
            std::string(static_cast<std::size_t>((number + i) % 7), 'x') + "\n";
  }
  return rows;
}

/// What one run is asked to load, in this order; windows of hash h2 were planned again.
struct Job {
  std::vector<int> hours;
  int from_changed = 1000;  ///< hours from here to to_changed have changed
  int to_changed = 1000;
  [[nodiscard]] int generation(int number) const {
    return number >= from_changed && number < to_changed ? 2 : 1;
  }
};

std::string expected(const std::vector<std::pair<int, int>>& hours) {
  std::string text = "ts,v\n";
  for (const auto& [number, generation] : hours) text += rows_of(number, generation);
  return text;
}

/// A whole run, as a process of its own does it.
void work(const std::string& folder, const std::string& path, const Job& job) {
  CoverageFake store(folder + "/journal");
  FileRun run(nodes::csv_sink(), {{"path", value(path)}}, kFields, store, folder);
  run.memory = 300;  // every unit is written through
  run.start();
  for (const int number : job.hours) {
    run.plan_hash = job.generation(number) == 2 ? "h2" : "h1";
    run.put(hour(number), cut(batch_of(kFields, rows_of(number, job.generation(number))), 16));
  }
  run.close();
}

/// Runs work() in a child that is killed after `micros`; true where it had finished.
bool run_killed(const std::string& folder, const std::string& path, const Job& job,
                unsigned micros) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      work(folder, path, job);
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  if (micros != 0) {
    ::usleep(micros);
    ::kill(child, SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status)) {
    REQUIRE(WEXITSTATUS(status) == 0);
    return true;
  }
  return false;
}

/// Kills runs of a job at random moments until one gets through; after each kill `check` looks at
/// the files.
int kill_until_done(const std::string& folder, const std::string& path, const Job& job,
                    unsigned& longest, std::mt19937& random, const std::function<void()>& check) {
  int kills = 0;
  // In the end without a kill: on a busy machine a run may never be as fast as it was when it was
  // timed.
  while (!run_killed(folder, path, job,
                     kills < 25 ? static_cast<unsigned>(random() % longest) + 1 : 0)) {
    ++kills;
    check();
  }
  // Runs end before their kill on a machine that has become faster since one was timed: aim
  // earlier.
  if (kills < 3) longest = longest * 2 / 3 + 100;
  check();
  return kills;
}

#ifdef FLOWRUN_SANITIZED
constexpr int kTrials = 2;
#else
constexpr int kTrials = 10;
#endif

}  // namespace

TEST_CASE(
    "rule 19: killed at any moment, the file is whole, and in the end it is what an undisturbed "
    "run leaves") {
  const Job first{.hours = {3, 0, 1, 2, 4, 5}};
  const Job second{.hours = {2, 3, 6, 7}, .from_changed = 2, .to_changed = 4};
  const auto after_first = expected({{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}});
  const auto after_second =
      expected({{0, 1}, {1, 1}, {2, 2}, {3, 2}, {4, 1}, {5, 1}, {6, 1}, {7, 1}});
  const TempFolder timing;
  const auto begin = std::chrono::steady_clock::now();
  REQUIRE(run_killed(timing / "", timing / "out.csv", first, 0));
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
                        std::chrono::steady_clock::now() - begin)
                        .count();
  auto longest = static_cast<unsigned>(took * 3 / 2);
  std::mt19937 random(11);
  int kills = 0;
  for (int trial = 0; trial < kTrials || (kills < kTrials && trial < 30 * kTrials); ++trial) {
    const TempFolder folder;
    const auto path = folder / "out.csv";
    kills += kill_until_done(folder / "", path, first, longest, random, [&] {
      const auto there = content(path);
      if (there != "(no file)" && there != after_first) FAIL("half a file: " << there);
    });
    CHECK(content(path) == after_first);
    kills += kill_until_done(folder / "", path, second, longest, random, [&] {
      const auto there = content(path);
      if (there != after_first && there != after_second) FAIL("half a file: " << there);
    });
    CHECK(content(path) == after_second);
    CHECK(names_in(folder / "") == "journal out.csv");
  }
  INFO(kills << " kills");
  CHECK(kills >= kTrials);
}

TEST_CASE("rule 19: killed at any moment, each window's file is whole") {
  const Job job{.hours = {0, 1, 2, 3, 4, 5}};
  const TempFolder timing;
  const auto begin = std::chrono::steady_clock::now();
  REQUIRE(run_killed(timing / "", timing / "w-${window}.csv", job, 0));
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
                        std::chrono::steady_clock::now() - begin)
                        .count();
  const auto file = [](const TempFolder& folder, int number) {
    return content(folder / ("w-" + hour(number).file_name() + ".csv"));
  };
  std::mt19937 random(12);
  auto longest = static_cast<unsigned>(took * 3 / 2);
  for (int trial = 0; trial < kTrials; ++trial) {
    const TempFolder folder;
    kill_until_done(folder / "", folder / "w-${window}.csv", job, longest, random, [&] {
      for (int number = 0; number < 6; ++number) {
        const auto there = file(folder, number);
        if (there != "(no file)" && there != expected({{number, 1}}))
          FAIL("half a file: " << there);
      }
    });
    for (int number = 0; number < 6; ++number)
      CHECK(file(folder, number) == expected({{number, 1}}));
    CHECK(names_in(folder / "").find(".part") == std::string::npos);
  }
}
