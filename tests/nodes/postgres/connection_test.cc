#include "nodes/postgres/connection.h"

#include <thread>

#include "tests/nodes/postgres/server.h"
#include "tests/support/catch.h"

namespace flowrun::postgres {
namespace {

using test::postgres_address;

/// The SQLSTATE that `act` ends with; "" where it ends well.
template <typename Act>
std::string state_of(Act act) {
  try {
    act();
  } catch (const ServerError& error) {
    return error.sqlstate();
  }
  return "";
}

TEST_CASE("a statement gives rows; parameters are values") {
  Connection connection(postgres_address("pipe/node"));
  const auto result = connection.execute(
      "select $1::int + 1, $2::text, $3::text, current_setting('application_name')",
      {"41", "it's; drop table x", std::nullopt});
  REQUIRE(result.rows() == 1);
  CHECK(result.int64(0, 0) == 42);
  CHECK(result.text(0, 1) == "it's; drop table x");
  CHECK(result.is_null(0, 2));
  CHECK(result.text(0, 3) == "pipe/node");
  CHECK(connection.version() >= 13);
}

TEST_CASE("the server's words and its code come through") {
  Connection connection(postgres_address());
  try {
    connection.execute("select nothing from nowhere");
    FAIL("it went through");
  } catch (const ServerError& error) {
    CHECK(error.sqlstate() == "42P01");
    CHECK(error.code() == Errc::plan);
    CHECK_FALSE(error.lost());
    CHECK(std::string(error.what()).find("relation \"nowhere\" does not exist") !=
          std::string::npos);
  }
  CHECK(state_of([&] { connection.execute("select 1 / 0"); }) == "22012");
  CHECK(connection.execute("select 1").int64(0, 0) == 1);
}

TEST_CASE("a wrong password is told without it") {
  auto address = postgres_address();
  auto url = address.url.reveal();
  url.replace(url.find("flowrun:") + 8, 3, "bad");
  address.url = Secret(url);
  try {
    const Connection connection(address);
    FAIL("it connected");
  } catch (const ServerError& error) {
    const std::string what = error.what();
    CHECK(what.find("password authentication failed") != std::string::npos);
    CHECK(what.find("bad") == std::string::npos);
    CHECK(error.lost());
  }
}

TEST_CASE("a transaction is seen once it is committed, and not before") {
  Connection writer(postgres_address());
  Connection reader(postgres_address());
  writer.execute_all("drop table if exists seen; create table seen (id int primary key)");
  const auto count = [&] { return reader.execute("select count(*) from seen").int64(0, 0); };
  writer.begin();
  writer.execute("insert into seen values (1)");
  CHECK(count() == 0);
  writer.commit();
  CHECK(count() == 1);
  writer.begin();
  writer.execute("insert into seen values (2)");
  writer.roll_back();
  CHECK(count() == 1);
}

TEST_CASE("a failed transaction cannot be committed by mistake") {
  Connection connection(postgres_address());
  connection.begin();
  CHECK(state_of([&] { connection.execute("select 1 / 0"); }) == "22012");
  CHECK_THROWS_AS(connection.commit(), ServerError);
  CHECK_FALSE(connection.in_transaction());
}

TEST_CASE("a snapshot does not move") {
  Connection writer(postgres_address());
  Connection reader(postgres_address());
  writer.execute_all("drop table if exists moving; create table moving (id int)");
  reader.begin(TransactionKind::snapshot);
  CHECK(reader.execute("select count(*) from moving").int64(0, 0) == 0);
  writer.execute("insert into moving values (1)");
  CHECK(reader.execute("select count(*) from moving").int64(0, 0) == 0);
  reader.commit();
  CHECK(reader.execute("select count(*) from moving").int64(0, 0) == 1);
}

TEST_CASE("COPY goes in and out inside a transaction") {
  Connection connection(postgres_address());
  connection.execute_all("drop table if exists copied; create table copied (id int, name text)");
  connection.begin();
  connection.begin_copy_in("copy copied from stdin");
  connection.send("1\tone\n2\t");
  connection.send("two\n");
  CHECK(connection.end_copy_in() == 2);
  connection.begin_copy_in("copy copied from stdin");
  connection.send("3\tthree\nx\tfour\n");
  try {
    connection.end_copy_in();
    FAIL("it went in");
  } catch (const ServerError& error) {
    CHECK(error.is_refused_row());
    CHECK(error.message().context.starts_with("COPY copied, line 2, column id"));
  }
  connection.roll_back();
  connection.begin_copy_in("copy copied from stdin");
  connection.send("7\tseven\n");
  CHECK(connection.end_copy_in() == 1);
  connection.begin_copy_out("copy (select * from copied order by id) to stdout");
  CHECK(connection.receive() == "7\tseven\n");
  CHECK_FALSE(connection.receive());
  CHECK(connection.execute("select count(*) from copied").int64(0, 0) == 1);
}

TEST_CASE("copies can be given up") {
  Connection connection(postgres_address());
  connection.execute_all("drop table if exists given; create table given (id int)");
  connection.begin_copy_in("copy given from stdin");
  connection.send("1\n");
  connection.abort_copy_in("enough");
  CHECK(connection.execute("select count(*) from given").int64(0, 0) == 0);
  connection.begin_copy_out("copy (select generate_series(1, 10000000)) to stdout");
  CHECK(connection.receive() == "1\n");
  connection.abort_copy_out();
  CHECK(connection.execute("select 1").int64(0, 0) == 1);
}

TEST_CASE("a statement is cancelled when a stop is asked for") {
  Connection connection(postgres_address());
  std::stop_source stop;
  const CancelOnStop guard(connection, stop.get_token());
  std::jthread asker([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    stop.request_stop();
  });
  CHECK(state_of([&] { connection.execute("select pg_sleep(60)"); }) == "57014");
  CHECK(connection.alive());
}

TEST_CASE("statements end at their time limit") {
  auto address = postgres_address();
  address.statement_timeout = kSecond / 20;
  Connection connection(address);
  CHECK(state_of([&] { connection.execute("select pg_sleep(60)"); }) == "57014");
}

TEST_CASE("a lost connection is not made anew") {
  Connection connection(postgres_address());
  Connection other(postgres_address());
  connection.execute("select pg_advisory_lock(7)");
  other.execute("select pg_terminate_backend($1::int)",
                {connection.execute("select pg_backend_pid()").string(0, 0)});
  for (int i = 0; i < 2; ++i) {
    try {
      connection.execute("select 1");
      FAIL("it went through");
    } catch (const ServerError& error) {
      CHECK(error.lost());
      CHECK(error.is_transient());
    }
    CHECK_THROWS_AS(connection.begin(), ServerError);
  }
  CHECK_FALSE(connection.alive());
}

TEST_CASE("a commit whose connection went away is in doubt") {
  Connection connection(postgres_address());
  Connection other(postgres_address());
  const auto pid = connection.execute("select pg_backend_pid()").string(0, 0);
  connection.begin();
  connection.execute("select 1");
  other.execute("select pg_terminate_backend($1::int)", {pid});
  CHECK_THROWS_AS(connection.commit(), CommitInDoubt);
  CHECK_FALSE(connection.alive());
}

TEST_CASE("a session ends with its connection") {
  Connection looking(postgres_address());
  const auto sessions = [&] {
    return looking.execute("select count(*) from pg_stat_activity where application_name = 'short'")
        .int64(0, 0);
  };
  for (int i = 0; i < 5; ++i) Connection(postgres_address("short")).execute("select 1");
  for (int wait = 0; wait < 500 && sessions() > 0; ++wait) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(sessions() == 0);
}

}  // namespace
}  // namespace flowrun::postgres
