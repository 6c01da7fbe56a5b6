#include "nodes/postgres/journal/postgres_journal.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <iostream>
#include <thread>

#include "engine/core/error.h"
#include "nodes/postgres/journal/values.h"
#include "tests/engine/state/journal_place.h"
#include "tests/nodes/postgres/server.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

using Catch::Matchers::ContainsSubstring;
using namespace flowrun;
using namespace flowrun::testing;
using postgres::Connection;

namespace {

Secret url_of(const std::string& user, const std::string& password) {
  auto url = test::postgres_url();
  const auto begin = url.find("://") + 3;
  return Secret(url.replace(begin, url.find('@') - begin, user + ":" + password));
}

}  // namespace

TEST_CASE("a journal on a server that has none is not made for a look at it") {
  const JournalPlace state;
  const Secret url(test::postgres_url());
  CHECK(postgres::open_journal(url, JournalAccess::existing) == nullptr);
  CHECK(state.count("select count(*) from pg_namespace where nspname = 'flowrun_journal'") == 0);
  (void)state.open();
  CHECK(postgres::open_journal(url, JournalAccess::existing) != nullptr);
}

TEST_CASE("eight processes that start at once make one journal") {
  const JournalPlace state;
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    children.push_back(fork());
    REQUIRE(children.back() >= 0);
    if (children.back() != 0) continue;
    try {
      auto journal = state.open();
      const auto lease = journal->acquire("p", std::to_string(i));
      end_well(*journal, journal->start_run(start_of_run("p", std::to_string(i)), *lease));
      _exit(0);
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
      _exit(1);
    }
  }
  for (const auto child : children) {
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  CHECK(state.count("select count(*) from version") == 1);
  CHECK(state.count("select count(*) from runs where state = 'ok'") == 8);
}

TEST_CASE("a journal of a newer flowrun on a server is left alone") {
  const JournalPlace state;
  (void)state.open();
  Connection(test::postgres_address()).execute("update flowrun_journal.version set number = 99");
  try {
    (void)state.open();
    FAIL("opened");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::plan);
    CHECK_THAT(error.what(), ContainsSubstring("version 99"));
  }
}

TEST_CASE("a missing right is named with the grant that gives it") {
  const JournalPlace state;
  Connection admin(test::postgres_address());
  admin.execute_all("drop role if exists poor; create role poor login password 'word'");
  const auto poor = url_of("poor", "word");
  try {
    (void)postgres::open_journal(poor, JournalAccess::create);
    FAIL("opened");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::plan);
    CHECK_THAT(error.what(), ContainsSubstring("grant create on database tests to poor") &&
                                 !ContainsSubstring("word@"));
  }
  (void)state.open();
  CHECK_THROWS_WITH(postgres::open_journal(poor, JournalAccess::existing),
                    ContainsSubstring("grant usage on schema flowrun_journal to poor"));
  admin.execute_all(
      "grant usage on schema flowrun_journal to poor; grant select, insert, update, delete on all "
      "tables in schema flowrun_journal to poor");
  {
    auto journal = postgres::open_journal(poor, JournalAccess::create);
    const auto lease = journal->acquire("p", "");
    const auto run = journal->start_run(start_of_run(), *lease);
    journal->put_rejects(run, load_unit("x"), {{.node = "n"}}, 1);
    journal->put_checks(run, load_unit("x"), {{.node = "n"}});
    end_well(*journal, run);
  }
  admin.execute_all("drop owned by poor; drop role poor");
}

TEST_CASE("an address or a password that is wrong is told without the password") {
  for (const auto& url :
       {url_of("flowrun", "guessed"), Secret("postgresql://flowrun:guessed@127.0.0.1:1/tests")}) {
    try {
      (void)postgres::open_journal(url, JournalAccess::create);
      FAIL("opened");
    } catch (const Error& error) {
      CHECK(error.code() == Errc::io);
      CHECK_THAT(error.what(), ContainsSubstring("127.0.0.1:") && !ContainsSubstring("guessed"));
    }
  }
  CHECK_THROWS_WITH(postgres::open_journal(Secret("mysql://me:guessed@db"), JournalAccess::create),
                    ContainsSubstring("postgresql://USER@HOST") && !ContainsSubstring("guessed"));
}

TEST_CASE("rejects and names may hold any bytes") {
  const JournalPlace state;
  auto journal = state.open();
  const auto lease = journal->acquire("p", "");
  const auto run = journal->start_run(start_of_run(), *lease);
  const std::string odd("a\0b\xFF\xC3(\"\\,{}", 10);
  const StoredReject reject{
      .node = "n",
      .reject = {
          .reason = odd, .column = "say \"hi\"", .value = odd, .origin = "", .record = "NULL"}};
  journal->put_rejects(run, load_unit("x"), {reject}, 1);
  const auto kept = journal->rejects(run, 10).kept.at(0).reject;
  CHECK(kept.value == odd);
  CHECK(kept.record == "NULL");
  CHECK(kept.column == "say \"hi\"");
  CHECK(kept.reason ==
        "a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD\xEF\xBF\xBD(\"\\,{");
  const CoverageKey key{.pipeline = "p", .instance = "", .sink = "out", .target = "/x"};
  auto coverage = window_coverage(0, 100);
  coverage.inputs = std::make_shared<const InputSet>(InputSet{{"a:" + odd, "12ab"}});
  journal->coverage().commit({.key = key, .coverage = coverage}, "note");
  CHECK(*state.open()->coverage().load(key).at(0).inputs == *coverage.inputs);
  journal->end_run(run, RunState::failed, odd, R"({"what":"a\u0000b"})", {});
  CHECK_THAT(journal->find_run(run)->totals, ContainsSubstring("a\xEF\xBF\xBD"
                                                               "b"));
}

TEST_CASE("values are told from what stands for none") {
  CHECK(*postgres::text("æ€\xF0\x9F\x9A\xA2") == "æ€\xF0\x9F\x9A\xA2");
  CHECK(*postgres::text("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
  CHECK(*postgres::text("\xC0\x80\xF5") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(*postgres::bytes(std::string("\0\x7F\xFF", 3)) == "\\x007fff");
  CHECK_FALSE(postgres::moment(0));
  CHECK_FALSE(postgres::json(""));
}

TEST_CASE("fingerprints of files outlive the journal's object") {
  const JournalPlace state;
  const TempFolder folder;
  const auto path = folder / "a.csv";
  std::ofstream(path) << "1,2\n";
  std::filesystem::last_write_time(
      path, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));  // its ctime settles
  const auto print = state.open()->fingerprints().of(path);
  CHECK(print.size() == 32);
  CHECK(state.count("select count(*) from fingerprints") == 1);
  Connection(test::postgres_address())
      .execute("update flowrun_journal.fingerprints set fingerprint = 'remembered'");
  CHECK(state.open()->fingerprints().of(path) == "remembered");
  std::ofstream(path) << "1,2,3\n";
  CHECK(state.open()->fingerprints().of(path).size() == 32);
}

TEST_CASE("connections that are cut all the time lose nothing") {
  const JournalPlace state;
  auto journal = state.open(JournalOptions{.heartbeat = kSecond / 10});
  const auto lease = journal->acquire("p", "");
  const auto run = journal->start_run(start_of_run(), *lease);
  const CoverageKey key{.pipeline = "p", .instance = "", .sink = "out", .target = "/x"};
  std::atomic<bool> done = false;
  std::atomic<int> cuts = 0;
  std::jthread cutter([&] {
    Connection connection(test::postgres_address("cutter"));
    while (!done) {
      cuts += static_cast<int>(
          connection
              .execute("select count(pg_terminate_backend(pid)) from pg_stat_activity where "
                       "application_name like 'flowrun%' and pid <> pg_backend_pid()")
              .int64(0, 0));
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });
  constexpr Micros kUnits = 60;
  for (Micros i = 0; i < kUnits; ++i) {
    const auto unit = window_unit(i, i + 1);
    lease->check();
    journal->put_rejects(run, unit, {{.node = "n"}}, 1);
    journal->put_cursors("p", "", {{"s", {.inputs = std::to_string(i)}}});
    journal->put_checks(run, unit, {{.node = "n"}});
    const Marker marker{.key = key, .coverage = window_coverage(i, i + 1, run)};
    journal->coverage().prepare(marker, "note");
    journal->coverage().commit(marker, "note");
    journal->put_unit(run, {.unit = unit, .state = UnitState::journalled});
    if (i % 10 == 0) journal->flush();
  }
  journal->end_run(run, RunState::ok, "", "{}", {{.node = "n"}});
  done = true;
  cutter.join();
  CHECK(cuts > 10);
  CHECK(lease->epoch() == 1);
  CHECK(journal->find_run(run)->watermark == kUnits);
  CHECK(state.count("select count(*) from units where state = 'journalled'") == kUnits);
  CHECK(state.count("select count(*) from rejects") == kUnits);
  CHECK(state.count("select count(*) from checks") == kUnits);
  CHECK(state.count("select count(*) from file_coverage") == kUnits);
  CHECK(state.count("select count(*) from nodes") == 1);
  CHECK(journal->cursors("p", "").at("s").inputs == std::to_string(kUnits - 1));
  REQUIRE(journal->coverage().load(key).size() == 1);
}
