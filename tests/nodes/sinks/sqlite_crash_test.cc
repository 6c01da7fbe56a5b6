#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <random>
#include <thread>

#include "tests/nodes/sinks/sqlite_harness.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

constexpr int kWindows = 40;
constexpr int kRows = 400;
constexpr int kKills = 50;

SqliteSinkSetup setup_of(const std::string& path, const std::string& table, const std::string& mode,
                         const std::shared_ptr<RunObjects>& objects, std::int64_t epoch) {
  SqliteSinkSetup setup{
      .path = path, .fields = "w int64, k int64", .options = {{"mode", value(mode.c_str())}}};
  setup.options.emplace_back("table", value(table));
  if (mode == "upsert") setup.options.emplace_back("key", list({"w", "k"}));
  setup.sink = table;
  setup.epoch = epoch;
  setup.objects = objects;
  return setup;
}

std::string rows_of(int window) {
  std::string rows;
  for (int i = 0; i < kRows; ++i) rows += std::to_string(window) + "," + std::to_string(i) + "\n";
  return rows;
}

bool holds(SqliteSinkRun& run, Micros from) {
  for (const auto& entry : run.sink().covered(run.context())) {
    if (entry.interval.from <= from && from < entry.interval.until) return true;
  }
  return false;
}

/// Loads every window that is not covered into two tables of one file, as a run does after a crash.
void load_rest(const std::string& path, std::int64_t epoch) {
  const auto objects = std::make_shared<RunObjects>();
  SqliteSinkRun appended(setup_of(path, "appended", "append", objects, epoch));
  SqliteSinkRun upserted(setup_of(path, "upserted", "upsert", objects, epoch));
  appended.open();
  upserted.open();
  for (int window = 0; window < kWindows; ++window) {
    const Micros from = window * 100;
    const auto unit = appended.window(from, from + 100);
    std::vector<SqliteSinkRun*> todo;
    for (auto* run : {&appended, &upserted}) {
      if (!holds(*run, from)) todo.push_back(run);
    }
    for (auto* run : todo) (void)run->prepare(unit, rows_of(window));
    for (auto* run : todo) run->sink().commit(unit);
  }
  appended.sink().close(true);
  upserted.sink().close(true);
}

/// What the child does: whatever happens, it ends here and not in the test framework that it
/// inherited.
[[noreturn]] void work_and_exit(const std::string& path, std::int64_t epoch) {
  try {
    load_rest(path, epoch);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "the child failed: %s\n", error.what());
    _exit(1);
  }
  _exit(0);
}

/// Windows that are in a table but not in its coverage, or the other way round, or not whole.
std::string disagreements(const std::string& path, const std::string& table) {
  return query(
      path, "with recursive w(i) as (select 0 union all select i + 1 from w where i < " +
                std::to_string(kWindows - 1) + ") select i, (select count(*) from " + table +
                " where w = i) as rows, (select count(*) from flowrun_coverage where target = '" +
                table +
                "' and from_us <= i * 100 and until_us > i * 100) as markers from w where rows <> "
                "markers * " +
                std::to_string(kRows));
}

}  // namespace

TEST_CASE(
    "killed at any moment, a marker is visible if and only if its rows are, and a rerun completes "
    "them") {
  const TempFolder folder;
  const auto path = folder / "a.db";
  if (GENERATE(false, true)) {
    sqlite::Connection made(path, sqlite::OpenMode::create);  // keeps its rollback journal
    made.execute("create table other (a)");
  }
  std::mt19937 random(7);
  std::int64_t epoch = 0;
  bool finished = false;
  int killed = 0;
  for (int round = 0; round < kKills; ++round) {
    const auto child = fork();
    REQUIRE(child >= 0);
    if (child == 0) work_and_exit(path, epoch + 1);
    ++epoch;
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 25'000));
    kill(child, SIGKILL);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    finished = WIFEXITED(status);
    killed += finished ? 0 : 1;
    if (!std::filesystem::exists(path) ||
        query(
            path,
            "select count(*) from sqlite_schema where name in ('flowrun_coverage', 'upserted')") !=
            "2\n") {
      continue;
    }
    CHECK(disagreements(path, "appended") == "");
    CHECK(disagreements(path, "upserted") == "");
    if (!finished) continue;
    REQUIRE(WEXITSTATUS(status) == 0);
    // Everything is in; begin anew, so that later kills find work to interrupt.
    sqlite::Connection(path, sqlite::OpenMode::existing)
        .execute("drop table appended; drop table upserted");
  }
  CHECK(killed > kKills / 4);
  load_rest(path, ++epoch);
  for (const char* table : {"appended", "upserted"}) {
    CHECK(query(path, std::string("select count(*), count(distinct w * 1000 + k) from ") + table) ==
          std::to_string(kWindows * kRows) + "|" + std::to_string(kWindows * kRows) + "\n");
    CHECK(disagreements(path, table) == "");
  }
  CHECK(query(path, "pragma integrity_check") == "ok\n");
}
