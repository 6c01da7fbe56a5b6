#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "engine/core/error.h"
#include "nodes/postgres/journal/postgres_journal.h"
#include "tests/engine/state/journal_place.h"
#include "tests/nodes/postgres/server.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace flowrun;
using namespace flowrun::testing;

namespace {

constexpr JournalOptions kFast{.heartbeat = kSecond / 20};

/// Waits until `is_so`, for at most ten seconds.
template <typename IsSo>
bool comes(IsSo is_so) {
  for (int i = 0; i < 1000; ++i) {
    if (is_so()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

/// The session of "p"'s lease holder, by number.
std::int64_t backend(const JournalPlace& state) {
  return state.count("select coalesce(max(backend), 0) from leases where pipeline = 'p'");
}

/// A process that takes the lease of "p" and starts a run, says so, and waits to be killed.
pid_t start_holder(const JournalPlace& state) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const auto pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    auto journal = state.open();
    const auto lease = journal->acquire("p", "");
    static_cast<void>(journal->start_run(start_of_run(), *lease));
    if (write(ends[1], "x", 1) != 1) _exit(1);
    for (;;) pause();
  }
  close(ends[1]);
  char said = 0;
  REQUIRE(read(ends[0], &said, 1) == 1);
  close(ends[0]);
  return pid;
}

}  // namespace

TEST_CASE("who does not get the lease is told who has it since when, and in which run") {
  const JournalPlace state;
  auto journal = state.open();
  const auto lease = journal->acquire("p", "ship=A");
  const auto run = journal->start_run(start_of_run("p", "ship=A"), *lease);
  CHECK_THROWS_WITH(state.open()->acquire("p", "ship=A"),
                    ContainsSubstring("is run by pid " + std::to_string(getpid()) + " on ") &&
                        ContainsSubstring("since 2026-11-21T13:15:00Z, run " + run));
}

TEST_CASE("a killed process gives its lease back at once") {
  const JournalPlace state;
  const auto pid = start_holder(state);
  CHECK_THROWS_WITH(state.open()->acquire("p", ""),
                    ContainsSubstring("pid " + std::to_string(pid)));
  REQUIRE(kill(pid, SIGKILL) == 0);
  REQUIRE(waitpid(pid, nullptr, 0) == pid);
  auto journal = state.open();
  const auto lease = journal->acquire("p", "");
  CHECK(lease->epoch() == 2);
  CHECK(lease->crashed().size() == 1);
}

TEST_CASE("a holder whose session is terminated takes its lock again where nobody else has it") {
  const JournalPlace state;
  auto journal = state.open();
  const auto lease = journal->acquire("p", "");
  state.break_locks();
  CHECK_NOTHROW(lease->check());
  CHECK_THROWS_AS(state.open()->acquire("p", ""), Error);
  CHECK(lease->epoch() == 1);
  // The heartbeat does so without being asked, and says so.
  std::string said;
  std::atomic<bool> has_said = false;
  Log log(LogLevel::warning, [&](LogLevel, std::string_view line) {
    said = line;
    has_said = true;
  });
  auto options = kFast;
  options.log = &log;
  auto beating = state.open(options);
  const auto other = beating->acquire("p", "other");
  state.break_locks();
  REQUIRE(comes([&] { return has_said.load(); }));
  CHECK_THAT(said, ContainsSubstring("instance other") && ContainsSubstring("held again"));
  CHECK_THROWS_AS(state.open()->acquire("p", "other"), Error);
}

TEST_CASE("a holder whose session is terminated while somebody else takes the lease is fenced") {
  const JournalPlace state;
  auto old_journal = state.open();
  const auto old_lease = old_journal->acquire("p", "");
  const auto old_run = old_journal->start_run(start_of_run(), *old_lease);
  state.break_locks();
  auto journal = state.open();
  const auto lease = journal->acquire("p", "");
  CHECK(lease->epoch() == 2);
  CHECK(lease->crashed() == std::vector<std::string>{old_run});
  for (int i = 0; i < 2; ++i) {
    try {
      old_lease->check();
      FAIL("it holds the lease");
    } catch (const Error& error) {
      CHECK(error.code() == Errc::lease);
      CHECK_THAT(error.what(), ContainsSubstring("epoch 2 after 1"));
    }
  }
  // Nothing of it moves anything any more.
  CHECK_THROWS_WITH(old_journal->put_cursors("p", "", {{"s", {.inputs = "f"}}}),
                    ContainsSubstring("epoch 2 after 1"));
  CHECK_THROWS_WITH(old_journal->start_run(start_of_run(), *old_lease),
                    ContainsSubstring("epoch 2 after 1"));
  end_well(*old_journal, old_run);
  CHECK(journal->find_run(old_run)->state == RunState::crashed);
  CHECK_NOTHROW(lease->check());
  CHECK_NOTHROW(journal->put_cursors("p", "", {{"s", {.inputs = "f"}}}));
}

TEST_CASE("a stale planned run is skipped, a stale running one crashed") {
  const JournalPlace state;
  auto journal = state.open();
  std::string running;
  {
    const auto lease = journal->acquire("p", "");
    running = journal->start_run(start_of_run(), *lease);
    CHECK(
        state.count(
            "with made as (insert into runs (id, pipeline, instance, path, file_hash, plan_hash, "
            "state, pid, host, epoch) values ('early', 'p', 'x', '', '', '', 'planned', 1, 'h', 1) "
            "returning 1) select count(*) from made") == 1);
  }
  CHECK(journal->acquire("p", "x")->crashed().empty());
  const auto skipped = journal->find_run("early");
  CHECK(skipped->state == RunState::skipped);
  CHECK_THAT(skipped->reason, ContainsSubstring("before it began"));
  CHECK(journal->acquire("p", "")->crashed() == std::vector<std::string>{running});
}

TEST_CASE("one instance has one running run, whatever becomes of the locks") {
  const JournalPlace state;
  auto journal = state.open();
  const auto lease = journal->acquire("p", "");
  static_cast<void>(journal->start_run(start_of_run(), *lease));
  CHECK_THROWS_WITH(journal->start_run(start_of_run(), *lease), ContainsSubstring("runs_active"));
}

TEST_CASE("a holder that gives no sign of life is taken over after its time to live") {
  const JournalPlace state;
  auto silent = state.open(JournalOptions{.heartbeat = kHour});
  const auto old_lease = silent->acquire("p", "");
  const auto old_run = silent->start_run(start_of_run(), *old_lease);
  const auto old_backend = backend(state);
  auto journal = state.open(JournalOptions{.ttl = kSecond / 5});
  CHECK_THROWS_AS(journal->acquire("p", ""), Error);
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  CHECK_THROWS_AS(state.open()->acquire("p", ""), Error);  // who has no such limit waits
  const auto lease = journal->acquire("p", "");
  CHECK(lease->epoch() == 2);
  CHECK_THAT(journal->find_run(old_run)->reason, ContainsSubstring("no sign of life"));
  // Its session lives, and is of no use.
  CHECK(state.count("select count(*) from pg_stat_activity where pid = " +
                    std::to_string(old_backend)) == 1);
  CHECK_THROWS_WITH(old_lease->check(), ContainsSubstring("epoch 2 after 1"));
  CHECK_NOTHROW(lease->check());
  CHECK_THROWS_AS(state.open()->acquire("p", ""), Error);
}

TEST_CASE("a heartbeat keeps the lease and is seen with the run") {
  const JournalPlace state;
  auto journal = state.open(kFast);
  const auto lease = journal->acquire("p", "");
  const auto run = journal->start_run(start_of_run(), *lease);
  const auto first = journal->find_run(run)->heartbeat;
  CHECK(first > 0);
  CHECK(comes([&] { return journal->find_run(run)->heartbeat > first; }));
  auto other = state.open(JournalOptions{.ttl = kSecond});
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  CHECK_THROWS_AS(other->acquire("p", ""), Error);
}

TEST_CASE("of many that start at once one gets the lease, and epochs only grow") {
  const JournalPlace state;
  std::atomic<int> holders = 0;
  std::atomic<int> most = 0;
  std::atomic<std::int64_t> newest = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 6; ++i) {
      threads.emplace_back([&] {
        auto journal = state.open();
        for (int round = 0; round < 20; ++round) {
          try {
            const auto lease = journal->acquire("p", "");
            most = std::max(most.load(), ++holders);
            if (lease->epoch() <= newest.exchange(lease->epoch())) most = 99;
            lease->check();
            --holders;
          } catch (const Error& error) {
            if (error.code() != Errc::lease) most = 98;
          }
        }
      });
    }
  }
  CHECK(most == 1);
  CHECK(newest > 1);
}
