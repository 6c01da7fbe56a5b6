// The postgres source over time: windows, rows that become visible late, snapshots, cursors, stops.
#include <algorithm>
#include <chrono>
#include <thread>

#include "engine/core/error.h"
#include "nodes/postgres/source_select.h"
#include "nodes/postgres/source_sessions.h"
#include "tests/nodes/sources/postgres_testing.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;
using Lines = std::vector<std::string>;
using postgres::Connection;
using test::postgres_address;

namespace {

constexpr Micros kStart = 1'704'067'200'000'000;  // 2024-01-01T00:00:00Z

/// Ten ships with a row a minute for 100 hours.
void make_readings() {
  execute(
      "drop table if exists readings; create table readings as select 'ship ' || s as ship, "
      "timestamptz '2024-01-01Z' + i * interval '1 minute' as at, i as v "
      "from generate_series(0, 5999) i, generate_series(0, 9) s; "
      "create index on readings (ship, at); analyze readings");
}

std::unique_ptr<Source> windowed(Given options) {
  auto context = postgres_source_of(std::move(options), "at");
  auto binding = context.bind();
  REQUIRE(context.problems() == "");
  auto source = binding.make_source();
  CHECK(source->reads_ranges());
  return source;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Rows as "v", in order of v.
Lines values(ReadRows read) {
  auto lines = read.lines();
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// Of the server, now.
Micros server_now(Connection& connection) {
  return connection.execute("select (extract(epoch from clock_timestamp()) * 1000000)::bigint")
      .int64(0, 0);
}

}  // namespace

TEST_CASE("windows are read one by one, each row in one of them") {
  make_readings();
  const auto source = windowed({{"table", value("readings")},
                                {"columns", list({"at", "v"})},
                                {"filter", table({{"ship", value("ship 3")}})}});
  std::int64_t rows = 0;
  for (int i = 0; i < 50; ++i) {
    const Interval range{kStart + i * 2 * kHour, kStart + (i + 1) * 2 * kHour};
    const auto read = read_source(*source, &range);
    rows += static_cast<std::int64_t>(read.rows.size());
    REQUIRE(read.rows.size() == 120);
    CHECK(*read.rows.front()[1] == std::to_string(i * 120));
  }
  CHECK(rows == 6000);
  // Two readers of one source may be open at once.
  const Interval first{kStart, kStart + kHour};
  const Interval second{kStart + kHour, kStart + 2 * kHour};
  const auto one = source->open({}, 0, &first);
  const auto other = source->open({}, 0, &second);
  const auto chunk = one->read({.rows = 1}, {});
  CHECK(values(read_all(*other)).size() == 60);
  CHECK(values(read_all(*one)).size() == 59);
}

TEST_CASE("windows of naive times and of dates") {
  execute(
      "drop table if exists naive; create table naive (at timestamp, day date, v int); "
      "insert into naive select timestamp '2024-01-01' + i * interval '6 hours', "
      "date '2024-01-01' + i / 4, i from generate_series(0, 11) i; "
      "insert into naive values (null, null, 99), ('infinity', 'infinity', 98)");
  const Interval day{kStart + kDay, kStart + 2 * kDay};
  const auto naive = windowed({{"table", value("naive")}, {"columns", list({"at", "v"})}});
  CHECK(read_source(*naive, &day).rows.size() == 4);
  auto context =
      postgres_source_of({{"table", value("naive")}, {"columns", list({"day", "v"})}}, "day");
  const auto dates = context.bind().make_source();
  CHECK(values(read_source(*dates, &day)) ==
        Lines{"2024-01-02|4", "2024-01-02|5", "2024-01-02|6", "2024-01-02|7"});
  // A date belongs to the window that its midnight is in.
  const Interval morning{kStart + 1, kStart + kDay};
  CHECK(read_source(*dates, &morning).rows.empty());
  auto text = postgres_source_of({{"query", value("select at::text as at, v from naive")},
                                  {"columns", entries({{"at", "timestamp"}, {"v", "int64"}})}},
                                 "at");
  CHECK_FALSE(text.bind().make_source()->reads_ranges());
}

TEST_CASE("a window of one ship is found by the index") {
  make_readings();
  Connection connection(postgres_address());
  postgres::RelationWish wish{.table = postgres::TableName{"", "readings"},
                              .filter = {{.column = "ship", .values = {"ship 3"}}},
                              .window_column = "at"};
  const auto found = postgres::look_at(connection, wish);
  REQUIRE(found);
  const Schema schema({{"at", kTimestamptz}, {"v", kInt64}});
  const Interval range{kStart, kStart + 2 * kHour};
  const auto sql = postgres::select_statement(
      connection, {.wish = &wish, .found = &*found, .schema = &schema, .range = &range});
  std::string plan;
  const auto rows = connection.execute("explain " + sql);
  for (int i = 0; i < rows.rows(); ++i) plan += rows.string(i, 0) + "\n";
  CHECK_THAT(plan, ContainsSubstring("Index Cond: ((ship = 'ship 3'::text) AND (at >= "));
}

TEST_CASE("rule 8: a window waits for older transactions, and finds what they bring") {
  execute("drop table if exists late; create table late (at timestamptz, v int)");
  Connection writer(postgres_address("slow writer"));
  writer.execute_all("begin; insert into late values (now(), 1)");
  const auto until = server_now(writer);
  const auto source = windowed({{"table", value("late")}, {"columns", list({"v"})}});
  // Not chosen, the window column still says which rows are read.
  const Interval range{kStart, until};
  std::jthread committer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    writer.execute_all("commit");
  });
  const auto reader = source->open({}, 0, &range);
  const auto start = std::chrono::steady_clock::now();
  CHECK(values(read_all(*reader)) == Lines{"1"});
  CHECK(seconds_since(start) > 0.3);
  CHECK(reader->unsettled().empty());
  // What is older than all that runs needs no look.
  CHECK(values(read_source(*source, &range)) == Lines{"1"});
}

TEST_CASE("rule 8: after `settle` a window is read all the same, which is told") {
  execute("drop table if exists late; create table late (at timestamptz, v int)");
  Connection writer(postgres_address("slow writer"));
  writer.execute_all("begin; insert into late values (now(), 1)");
  const auto until = server_now(writer);
  const auto source = windowed({{"table", value("late")}, {"settle", value("300ms")}});
  const Interval range{kStart, until};
  const auto reader = source->open({}, 0, &range);
  auto start = std::chrono::steady_clock::now();
  CHECK(read_all(*reader).rows.empty());
  CHECK(seconds_since(start) > 0.25);
  CHECK(seconds_since(start) < 5);
  CHECK_THAT(reader->unsettled(), ContainsSubstring("a transaction of \"slow writer\" (pid ") &&
                                      ContainsSubstring("goes on"));
  // The same transaction is waited for once; windows before it are not held up at all.
  start = std::chrono::steady_clock::now();
  const auto again = source->open({}, 0, &range);
  CHECK(read_all(*again).rows.empty());
  CHECK_FALSE(again->unsettled().empty());
  const Interval before{kStart, until - kHour};
  const auto old = source->open({}, 0, &before);
  CHECK(read_all(*old).rows.empty());
  CHECK(old->unsettled().empty());
  CHECK(seconds_since(start) < 0.25);
  // settle = 0s does not look.
  const auto careless = windowed({{"table", value("late")}, {"settle", value("0s")}});
  const auto blind = careless->open({}, 0, &range);
  CHECK(read_all(*blind).rows.empty());
  CHECK(blind->unsettled().empty());
  writer.execute_all("commit");
  CHECK(read_source(*source, &range).rows.size() == 1);
}

TEST_CASE("rule 8: prepared transactions count, sessions that only read do not") {
  execute("drop table if exists late; create table late (at timestamptz, v int)");
  const auto reading = postgres::connect_reader(postgres_address());
  reading->execute_all("begin; select count(*) from late");
  Connection writer(postgres_address());
  const auto told = [&] {
    const auto source = windowed({{"table", value("late")}, {"settle", value("1s")}});
    const Interval range{kStart, server_now(writer)};
    const auto reader = source->open({}, 0, &range);
    static_cast<void>(read_all(*reader));
    return reader->unsettled();
  };
  CHECK(told() == "");
  writer.execute_all("begin; insert into late values (now(), 1); prepare transaction 'half done'");
  CHECK_THAT(told(), ContainsSubstring("the prepared transaction \"half done\" waits"));
  writer.execute_all("rollback prepared 'half done'");
  CHECK(told() == "");
  CHECK_THROWS_AS(reading->execute_all("insert into late values (now(), 2)"),
                  postgres::ServerError);
}

TEST_CASE("all windows are read by one snapshot where that is asked for") {
  execute(
      "drop table if exists still; create table still as "
      "select timestamptz '2024-01-01Z' + i * interval '1 hour' as at, i as v "
      "from generate_series(0, 3) i");
  const Given options{{"table", value("still")}, {"snapshot", value(true)}};
  const Interval first{kStart, kStart + 2 * kHour};
  const Interval second{kStart + 2 * kHour, kStart + 4 * kHour};
  auto source = windowed(options);
  CHECK(read_source(*source, &first).rows.size() == 2);
  execute("insert into still select at, v + 100 from still; delete from still where v = 3");
  CHECK(read_source(*source, &second).rows.size() == 2);
  // Another source of the pipeline shares it, as long as one holds it.
  const auto other = windowed(options);
  CHECK(read_source(*other, &first).rows.size() == 2);
  source.reset();
  CHECK(read_source(*other, &second).rows.size() == 2);
  const Interval future{kStart, server_now(*postgres::connect_reader(postgres_address()))};
  const auto reader = other->open({}, 0, &future);
  CHECK(read_all(*reader).rows.size() == 4);
  CHECK(reader->unsettled() == "the run's snapshot is older than its end");
}

TEST_CASE("without asking, each window is read as it is then") {
  execute(
      "drop table if exists still; create table still as "
      "select timestamptz '2024-01-01Z' as at, 1 as v");
  const auto source = windowed({{"table", value("still")}});
  const Interval range{kStart, kStart + kHour};
  CHECK(read_source(*source, &range).rows.size() == 1);
  execute("insert into still select * from still");
  CHECK(read_source(*source, &range).rows.size() == 2);
}

TEST_CASE("rule 21: rows below a cursor's marks are not read") {
  execute(
      "drop table if exists grown; create table grown (place text, at timestamptz, v int); "
      "insert into grown values ('suez', '2024-01-01 01:00Z', 1), ('suez', '2024-01-01 02:00Z', "
      "2), ('SUEZ', '2024-01-01 01:00Z', 3), ('aden', '2024-01-01 01:00Z', 4), "
      "('aden', '2024-01-01 05:00Z', 5), ('it''s', '2023-01-01Z', 6), (null, '2023-01-01Z', 7), "
      "('suez', null, 8), ('new', '2023-01-01Z', 9)");
  const auto read = [](const CursorBounds& bounds) {
    auto context = postgres_source_of({{"table", value("grown")}});
    const auto source = context.bind().make_source();
    source->narrow(bounds);
    Lines found;
    for (const auto& row : read_source(*source).rows) found.push_back(*row[2]);
    std::sort(found.begin(), found.end());
    return found;
  };
  const CursorBounds::Mark suez{.key = {"suez"}, .value = "2024-01-01T02:00:00Z"};
  const CursorBounds::Mark aden{.key = {"aden"}, .value = "2024-01-01T05:00:00Z"};
  const CursorBounds::Mark its{.key = {"it's"}, .value = "2024-01-01T00:00:00Z"};
  CHECK(read({.column = 1, .per = {0}, .marks = {suez, aden, its}}) ==
        Lines{"2", "3", "5", "7", "8", "9"});
  CHECK(read({.column = 1, .per = {0}, .marks = {suez}, .initial = "2024-01-01T00:00:00Z"}) ==
        Lines{"2", "3", "4", "5", "8"});
  CHECK(read({.column = 1, .per = {0}, .initial = "2024-01-01T02:00:00Z"}) == Lines{"2", "5", "8"});
  CHECK(read({.column = 1, .marks = {{.key = {}, .value = "2024-01-01T02:00:00Z"}}}) ==
        Lines{"2", "5", "8"});
  CHECK(read({.column = 1}).size() == 9);
  // A key without a value has a mark, too, which is looked at elsewhere.
  CHECK(read({.column = 1,
              .per = {0},
              .marks = {{.key = {std::nullopt}, .value = "2024-01-01T00:00:00Z"}, suez},
              .initial = "2024-01-01T00:00:00Z"})
            .size() == 9);
  // Two ages of a mark for one key: the older one counts, and no row comes twice.
  CHECK(read({.column = 1,
              .per = {0},
              .marks = {suez, {.key = {"suez"}, .value = "2024-01-01T01:30:00Z"}}}) ==
        Lines{"2", "3", "4", "5", "6", "7", "8", "9"});
  CHECK(read({.column = 2, .per = {1}, .marks = {{.key = {"2024-01-01T01:00:00Z"}, .value = "4"}}})
            .size() == 7);
  // Texts are compared by their bytes, in which capitals come first.
  CHECK(read({.column = 0, .marks = {{.key = {}, .value = "a"}}}) ==
        Lines{"1", "2", "4", "5", "6", "7", "8", "9"});
}

TEST_CASE("a stop ends reading at once and without a word, whatever the server does") {
  const auto stopped = [](const std::string& sql) {
    auto context = postgres_source_of({{"query", value(sql)}});
    const auto source = context.bind().make_source();
    const auto reader = source->open({}, 0, nullptr);
    std::stop_source stop;
    std::jthread asker([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      stop.request_stop();
    });
    const auto start = std::chrono::steady_clock::now();
    while (reader->read({}, stop.get_token())) {
    }
    return seconds_since(start);
  };
  CHECK(stopped("select i from generate_series(1, 100000000) i") < 5);
  CHECK(stopped("select 1 as x from (select pg_sleep(30)) s") < 5);
  // The sessions were closed, and nothing of them goes on.
  Connection connection(postgres_address());
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK(connection
            .execute("select count(*) from pg_stat_activity where query like 'copy%' and "
                     "state = 'active' and pid <> pg_backend_pid()")
            .int64(0, 0) == 0);
}

TEST_CASE("a reader left before its end gives its session back to nobody") {
  make_readings();
  auto context = postgres_source_of({{"table", value("readings")}, {"connections", value(1)}});
  const auto source = context.bind().make_source();
  for (int i = 0; i < 3; ++i) {
    const auto reader = source->open({}, 0, nullptr);
    CHECK(reader->read({.rows = 1}, {}) != nullptr);
  }
  CHECK(read_source(*source).rows.size() == 60'000);
}

TEST_CASE("no more sessions than allowed; whoever waits for one can be stopped") {
  make_readings();
  auto context = postgres_source_of({{"table", value("readings")}, {"connections", value(1)}});
  const auto binding = context.bind();
  const auto one = binding.make_source();
  const auto other = binding.make_source();
  auto holds = one->open({}, 0, nullptr);
  REQUIRE(holds->read({.rows = 1}, {}) != nullptr);
  const auto waits = other->open({}, 0, nullptr);
  std::stop_source stop;
  std::jthread asker([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    stop.request_stop();
  });
  CHECK(waits->read({}, stop.get_token()) == nullptr);
  const auto again = other->open({}, 0, nullptr);
  std::jthread ender([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    holds.reset();
  });
  CHECK(again->read({}, {}) != nullptr);
}

TEST_CASE("a session that was lost is an error of the server, and the next one is new") {
  // More than fits between the server and us.
  auto context =
      postgres_source_of({{"query", value("select i from generate_series(1, 5000000) i")}});
  const auto source = context.bind().make_source();
  const auto kill = [] {
    Connection connection(postgres_address("killer"));
    connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'p/node'");
  };
  kill();  // one that waits in the pool
  const auto reader = source->open({}, 0, nullptr);
  REQUIRE(reader->read({.rows = 1}, {}) != nullptr);
  kill();
  try {
    while (reader->read({}, {})) {
    }
    FAIL("it went through");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::io);
  }
  const auto again = source->open({}, 0, nullptr);
  CHECK(again->read({}, {}) != nullptr);
}
