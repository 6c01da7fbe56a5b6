#include "engine/sqlite/connection.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "engine/core/error.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

using Catch::Matchers::ContainsSubstring;
using flowrun::Errc;
using flowrun::Error;
using flowrun::testing::TempFolder;
using namespace flowrun::sqlite;

namespace {

Errc code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  FAIL("nothing was thrown");
  return Errc::internal;
}

}  // namespace

TEST_CASE("a name gets into SQL in quotes, and its own quotes cannot end it") {
  CHECK(quote_identifier("plain") == "\"plain\"");
  CHECK(quote_identifier("") == "\"\"");
  CHECK(quote_identifier("/hs4sd_v1/ch1") == "\"/hs4sd_v1/ch1\"");
  CHECK(quote_identifier("a\"; drop table t; --") == "\"a\"\"; drop table t; --\"");

  const TempFolder folder;
  Connection connection(folder / "a.db", OpenMode::create);
  const std::string evil = "x\" text); drop table t; --";
  connection.execute("create table t (" + quote_identifier(evil) + " text)");
  CHECK(connection.text("select name from pragma_table_info('t')") == evil);
}

TEST_CASE("values of every kind go in by parameter and come out the same") {
  const TempFolder folder;
  Connection connection(folder / "a.db", OpenMode::create);
  connection.execute("create table t (i integer, f real, s text, b blob, n)");
  auto insert = connection.prepare("insert into t values (?, ?, ?, ?, ?)");
  const std::string text("a\0'b", 4);
  insert.bind(INT64_MIN, 0.1, text, std::string(), nullptr).run();
  insert.reset();
  insert.bind_int64(1, INT64_MAX);
  insert.bind_float64(2, std::nan(""));
  insert.bind_text(3, {});
  insert.bind_blob(4, std::string_view("\0\xFF", 2));
  insert.bind_null(5);
  insert.run();

  auto rows = connection.prepare("select * from t order by rowid");
  REQUIRE(rows.step());
  CHECK(rows.int64(0) == INT64_MIN);
  CHECK(rows.float64(1) == 0.1);
  CHECK(rows.text(2) == text);
  CHECK(rows.text(3).empty());
  CHECK_FALSE(rows.is_null(3));
  CHECK(rows.is_null(4));
  REQUIRE(rows.step());
  CHECK(rows.int64(0) == INT64_MAX);
  CHECK(rows.is_null(1));  // SQLite has no NaN
  CHECK_FALSE(rows.is_null(2));
  CHECK(rows.text(3) == std::string("\0\xFF", 2));
  CHECK_FALSE(rows.step());
  CHECK(connection.text("select group_concat(typeof(b)) from t") == "text,blob");
}

TEST_CASE("a refused row leaves the transaction as it was") {
  const TempFolder folder;
  Connection connection(folder / "a.db", OpenMode::create);
  connection.execute("create table t (a integer primary key, b text check (b <> 'bad'))");
  Transaction transaction(connection);
  auto insert = connection.prepare("insert into t values (?, ?)");
  CHECK(insert.bind(1, "good").try_step() == Step::done);
  CHECK(insert.bind(2, "bad").try_step() == Step::refused);
  CHECK_THAT(connection.message(), ContainsSubstring("CHECK constraint failed"));
  CHECK(insert.bind(1, "twice").try_step() == Step::refused);
  CHECK(connection.message() == "UNIQUE constraint failed: t.a");
  CHECK(insert.bind("no number", "good").try_step() == Step::refused);
  CHECK(insert.bind(3, "good").try_step() == Step::done);
  CHECK(connection.in_transaction());
  transaction.commit();
  CHECK(connection.text("select group_concat(a) from t") == "1,3");
  CHECK(code_of([&] { insert.bind(1, "x").run(); }) == Errc::data);
}

TEST_CASE("a transaction that is not committed leaves nothing") {
  const TempFolder folder;
  Connection connection(folder / "a.db", OpenMode::create);
  connection.execute("create table t (a)");
  {
    const Transaction transaction(connection);
    connection.execute("insert into t values (1)");
  }
  CHECK_FALSE(connection.in_transaction());
  CHECK(connection.integer("select count(*) from t") == 0);
  CHECK_FALSE(connection.integer("select a from t").has_value());
  roll_back(connection);
}

TEST_CASE("errors name the file, SQLite's reason and the statement") {
  const TempFolder folder;
  Connection connection(folder / "a.db", OpenMode::create);
  CHECK_THROWS_WITH(connection.execute("select * from nowhere"),
                    ContainsSubstring(folder / "a.db") &&
                        ContainsSubstring("no such table: nowhere") &&
                        ContainsSubstring("select * from nowhere"));
  CHECK(code_of([&] { connection.execute("select * from nowhere"); }) == Errc::io);
}

TEST_CASE("a missing file is created only where that was asked for") {
  const TempFolder folder;
  CHECK(code_of([&] { const Connection missing(folder / "a.db", OpenMode::existing); }) ==
        Errc::io);
  CHECK_FALSE(std::filesystem::exists(folder / "a.db"));
  CHECK_THROWS_WITH(Connection(folder / "no/a.db", OpenMode::create), ContainsSubstring("folder"));
  const Connection made(folder / "a.db", OpenMode::create);
  CHECK(std::filesystem::exists(folder / "a.db"));
}

TEST_CASE("a file that is no database is an io error at the first statement") {
  const TempFolder folder;
  std::ofstream(folder / "a.db") << std::string(5000, 'x');
  Connection connection(folder / "a.db", OpenMode::existing);
  CHECK_THROWS_WITH(connection.execute("create table t (a)"), ContainsSubstring("not a database"));
}

TEST_CASE("a lock held by another connection is waited for, then reported with what to do") {
  const TempFolder folder;
  Connection holder(folder / "a.db", OpenMode::create);
  holder.execute("create table t (a)");
  Connection waiter(folder / "a.db", OpenMode::existing, 20'000);
  {
    const Transaction held(holder);
    CHECK_THROWS_WITH(Transaction(waiter),
                      ContainsSubstring("locked") && ContainsSubstring("busy_timeout"));
  }
  CHECK_NOTHROW(Transaction(waiter));
}

TEST_CASE("a connection for reading shows values as they are stored, and writes nothing") {
  const TempFolder folder;
  {
    Connection writer(folder / "a.db", OpenMode::create);
    writer.execute(
        "create table t (n integer, x decimal(10, 2)); insert into t values (1, 'é'), (2.5, null), "
        "(x'00ff', 7)");
  }
  Connection reader(folder / "a.db", OpenMode::read_only);
  auto rows = reader.prepare("select n, x, n is null from t where rowid > $1 or $2 is null");
  CHECK(rows.parameters() == 2);
  CHECK(rows.parameter("$2") == 2);
  CHECK_FALSE(rows.parameter("$3"));
  CHECK(rows.column_name(1) == "x");
  CHECK(rows.declared_type(1) == "decimal(10, 2)");
  CHECK(rows.declared_type(2) == "");
  REQUIRE(rows.step());
  CHECK(rows.kind(0) == ValueKind::integer);
  CHECK(rows.kind(1) == ValueKind::text);
  CHECK(rows.bytes(1) == "é");
  REQUIRE(rows.step());
  CHECK(rows.kind(0) == ValueKind::real);
  CHECK(rows.kind(1) == ValueKind::null);
  CHECK(rows.bytes(1).empty());
  REQUIRE(rows.step());
  CHECK(rows.kind(0) == ValueKind::blob);
  CHECK(rows.bytes(0) == std::string_view("\0\xFF", 2));
  CHECK(code_of([&] { reader.execute("insert into t values (3, 3)"); }) == Errc::io);
  CHECK_THROWS_AS(Connection(folder / "b.db", OpenMode::read_only), Error);
  CHECK_FALSE(std::filesystem::exists(folder / "b.db"));
}

TEST_CASE("a statement that runs can be interrupted") {
  const TempFolder folder;
  Connection connection(folder / "a.db", OpenMode::create);
  auto rows = connection.prepare(
      "with recursive c(n) as (select 1 union all select n + 1 from c) select n from c");
  REQUIRE(rows.step());
  connection.interrupt();
  CHECK(code_of([&] { rows.run(); }) == Errc::io);
}

TEST_CASE("who reads only says that a killed writer has to be rolled back") {
  const TempFolder folder;
  const auto path = folder / "a.db";
  Connection writer(path, OpenMode::create);
  writer.execute(
      "pragma cache_size = 1; create table t (n); begin; insert into t select value "
      "from (with recursive c(value) as (select 1 union all select value + 1 from c "
      "limit 50000) select value from c)");
  // Copied as they are in the middle of the transaction: what a killed process leaves.
  std::filesystem::copy_file(path, folder / "b.db");
  std::filesystem::copy_file(path + "-journal", folder / "b.db-journal");
  Connection reader(folder / "b.db", OpenMode::read_only);
  CHECK_THROWS_WITH(reader.integer("select count(*) from t"),
                    ContainsSubstring("a writer was killed: open it once for writing"));
}
