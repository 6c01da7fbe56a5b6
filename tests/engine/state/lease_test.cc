#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/core/error.h"
#include "tests/engine/state/journal_place.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace flowrun;
using namespace flowrun::testing;

namespace {

/// A process that starts a run of "p", says its id, and waits to be killed.
struct Runner {
  pid_t pid = -1;
  std::string run;

  explicit Runner(const JournalPlace& state) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) hold(state, ends[1]);
    close(ends[1]);
    char id[21] = {};
    REQUIRE(read(ends[0], id, 20) == 20);
    close(ends[0]);
    run = id;
  }
  void kill_hard() const {
    REQUIRE(kill(pid, SIGKILL) == 0);
    int status = 0;
    REQUIRE(waitpid(pid, &status, 0) == pid);
    REQUIRE(WIFSIGNALED(status));
  }

 private:
  [[noreturn]] static void hold(const JournalPlace& state, int out) {
    auto journal = state.open();
    const auto lease = journal->acquire("p", "");
    const auto id = journal->start_run(start_of_run(), *lease);
    journal->put_unit(id, {.unit = window_unit(0, 100), .state = UnitState::reading});
    journal->flush();
    if (write(out, id.data(), id.size()) != 20) _exit(1);
    for (;;) pause();
  }
};

}  // namespace

TEST_CASE("a lease is held once per pipeline and instance") {
  const JournalPlace state;
  auto journal = state.open();
  const auto lease = journal->acquire("p", "ship=A");
  CHECK_THROWS_WITH(journal->acquire("p", "ship=A"),
                    ContainsSubstring("pipeline \"p\", instance ship=A is run by pid " +
                                      std::to_string(getpid())) &&
                        ContainsSubstring("since 2026-11-21T13:15:00Z"));
  try {
    (void)state.open()->acquire("p", "ship=A");
    FAIL("two hold the lease");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::lease);
  }
  CHECK_NOTHROW(journal->acquire("p", "ship=B"));
  CHECK_NOTHROW(journal->acquire("q", "ship=A"));
  CHECK_NOTHROW(lease->check());
}

TEST_CASE("every holder gets a greater epoch, whoever opened the journal") {
  const JournalPlace state;
  for (std::int64_t expected = 1; expected <= 3; ++expected) {
    auto journal = state.open();
    const auto lease = journal->acquire("p", "");
    CHECK(lease->epoch() == expected);
    CHECK(journal->acquire("p", "other")->epoch() == expected);
  }
}

TEST_CASE("a lease dies with its process, and its run is marked crashed") {
  const JournalPlace state;
  const Runner runner(state);
  auto journal = state.open();
  CHECK_THROWS_WITH(journal->acquire("p", ""),
                    ContainsSubstring("is run by pid " + std::to_string(runner.pid)));
  CHECK(journal->find_run(runner.run)->state == RunState::running);

  runner.kill_hard();
  const auto lease = journal->acquire("p", "");
  CHECK(lease->epoch() == 2);
  CHECK(lease->crashed() == std::vector<std::string>{runner.run});
  const auto run = journal->find_run(runner.run);
  CHECK(run->state == RunState::crashed);
  CHECK(run->ended == state.clock.now());
  CHECK_THAT(run->reason, ContainsSubstring("process ended"));
}

TEST_CASE("only runs of the lease's own instance are stale") {
  const JournalPlace state;
  auto journal = state.open();
  const auto other = journal->acquire("p", "other");
  const auto run = journal->start_run(start_of_run("p", "other"), *other);
  CHECK(journal->acquire("p", "")->crashed().empty());
  CHECK(journal->find_run(run)->state == RunState::running);
}
