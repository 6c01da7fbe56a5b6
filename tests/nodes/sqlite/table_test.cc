#include "nodes/sqlite/table.h"

#include <fmt/format.h>

#include "engine/core/error.h"
#include "tests/support/batches.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

using Catch::Matchers::ContainsSubstring;
using namespace flowrun;
using namespace flowrun::nodes;
using flowrun::testing::schema_of;
using flowrun::testing::TempFolder;

namespace {

using Statements = std::vector<std::string>;

TableWish wish_of(const std::string& fields, std::vector<std::string> key = {}) {
  return {.table = "engine", .schema = schema_of(fields), .key = key, .needs_key = !key.empty()};
}

struct Database {
  explicit Database(const std::string& ddl) { connection.execute(ddl); }
  [[nodiscard]] Statements plan(const TableWish& wish) {
    return plan_table(&connection, wish, "a.db");
  }
  TempFolder folder;
  sqlite::Connection connection{folder / "a.db", sqlite::OpenMode::create};
};

}  // namespace

TEST_CASE("every type has its declared type") {
  auto wish = wish_of(
      "a bool, b int64, c float64, d decimal(18,2), e string, f date, g timestamp, h timestamptz, "
      "i bytes");
  wish.create = true;
  CHECK(plan_table(nullptr, wish, "a.db") ==
        Statements{"create table \"engine\" (\"a\" integer, \"b\" integer, \"c\" real, \"d\" text, "
                   "\"e\" text, "
                   "\"f\" text, \"g\" text, \"h\" text, \"i\" blob)"});
}

TEST_CASE("a narrow table with a key lives in the key's tree, a wide one beside it") {
  auto wish = wish_of("t timestamp, s string, v float64", {"s", "t"});
  wish.create = true;
  CHECK(plan_table(nullptr, wish, "a.db") ==
        Statements{"create table \"engine\" (\"t\" text not null, \"s\" text not null, \"v\" real, "
                   "primary key (\"s\", \"t\")) without rowid"});
  std::string many = "t timestamp";
  for (int i = 0; i < 40; ++i) many += fmt::format(", c{} float64", i);
  wish = wish_of(many, {"t"});
  wish.create = true;
  CHECK_THAT(plan_table(nullptr, wish, "a.db").at(0),
             Catch::Matchers::EndsWith("primary key (\"t\"))"));
}

TEST_CASE("a column that rows are deleted by gets an index unless it leads the key") {
  auto wish = wish_of("t timestamp, v float64");
  wish.create = true;
  wish.index = std::string(1, 't');
  CHECK(plan_table(nullptr, wish, "a.db").at(1) ==
        "create index \"engine_by_t\" on \"engine\" (\"t\")");
  wish.key = {"t"};
  CHECK(plan_table(nullptr, wish, "a.db").size() == 1);
}

TEST_CASE("what is planned can be run, hostile names included") {
  Database db("create table other (a)");
  auto wish = wish_of("a string", {"a"});
  wish.table = "x\"; drop table other; --";
  wish.schema = make_schema({{"/hs4sd_v1/ch1", kFloat64}, {"select", kString}, {"k\"", kString}});
  wish.key = {"k\""};
  wish.create = true;
  for (const auto& statement : db.plan(wish)) db.connection.execute(statement);
  CHECK(db.connection.integer("select count(*) from other") == 0);
  CHECK(db.plan(wish).empty());
}

TEST_CASE("a missing table or file says what to do") {
  Database db("create table other (a)");
  const auto wish = wish_of("a int64, b string");
  CHECK_THROWS_WITH(db.plan(wish),
                    ContainsSubstring("no table \"engine\" in a.db") &&
                        ContainsSubstring("create = true") &&
                        ContainsSubstring("create table \"engine\" (\"a\" integer, \"b\" text)"));
  CHECK_THROWS_WITH(plan_table(nullptr, wish, "a.db"), ContainsSubstring("no database a.db"));
}

TEST_CASE("missing columns are an error with the statements, or are added") {
  Database db("create table engine (A integer)");
  auto wish = wish_of("a int64, b string, c float64");
  CHECK_THROWS_WITH(db.plan(wish),
                    ContainsSubstring("lacks 2 columns") &&
                        ContainsSubstring("evolve = \"add_columns\"") &&
                        ContainsSubstring("alter table \"engine\" add column \"b\" text; "
                                          "alter table \"engine\" add column \"c\" real"));
  wish.add_columns = true;
  const auto statements = db.plan(wish);
  CHECK(statements == Statements{"alter table \"engine\" add column \"b\" text",
                                 "alter table \"engine\" add column \"c\" real"});
  for (const auto& statement : statements) db.connection.execute(statement);
  CHECK(db.plan(wish).empty());
}

TEST_CASE("a key needs a unique index of exactly its columns") {
  const auto wish = wish_of("a int64, b string, v float64", {"a", "b"});
  for (const char* good : {"create table engine (a, b, v, primary key (b, a))",
                           "create table engine (A, B, v, unique (a, b))",
                           "create table engine (a, b, v); create unique index u on engine (b, a)",
                           "create table engine (a, b, v, primary key (a, b)) without rowid"}) {
    CHECK(Database(good).plan(wish).empty());
  }
  for (const char* bad :
       {"create table engine (a, b, v)", "create table engine (a, b, v, primary key (a))",
        "create table engine (a, b, v, unique (a, b, v))",
        "create table engine (a, b, v); create unique index u on engine (a, b) where v > 0",
        "create table engine (a, b, v); create unique index u on engine (a, lower(b))",
        "create table engine (a, b, v); create index u on engine (a, b)"}) {
    CHECK_THROWS_WITH(
        Database(bad).plan(wish),
        ContainsSubstring("create unique index \"engine_key\" on \"engine\" (\"a\", \"b\")"));
  }
  CHECK(Database("create table engine (a integer primary key, v)")
            .plan(wish_of("a int64, v float64", {"a"}))
            .empty());
}

TEST_CASE("what cannot take the rows is found before the first of them") {
  CHECK_THROWS_WITH(Database("create view engine as select 1 as a").plan(wish_of("a int64")),
                    ContainsSubstring("is a view"));
  CHECK_THROWS_WITH(
      Database("create table engine (a, b as (a + 1))").plan(wish_of("a int64, b int64")),
      ContainsSubstring("column \"b\"") && ContainsSubstring("generated"));
  CHECK_THROWS_WITH(Database("create table engine (a, b not null)").plan(wish_of("a int64")),
                    ContainsSubstring("column \"b\"") && ContainsSubstring("must not be null"));
  CHECK(Database("create table engine (a, b not null default 1)").plan(wish_of("a int64")).empty());
  CHECK(
      Database("create table engine (n integer primary key, a)").plan(wish_of("a int64")).empty());
}

TEST_CASE("a table cannot grow beyond SQLite's columns") {
  std::string ddl = "create table engine (a";
  for (int i = 1; i < 1990; ++i) ddl += fmt::format(", x{}", i);
  Database db(ddl + ")");
  std::string fields = "a int64";
  for (int i = 0; i < 10; ++i) fields += fmt::format(", y{} int64", i);
  auto wish = wish_of(fields);
  wish.add_columns = true;
  CHECK(db.plan(wish).size() == 10);
  wish.schema = schema_of(fields + ", z int64");
  CHECK_THROWS_WITH(db.plan(wish), ContainsSubstring("2001 columns") && ContainsSubstring("2000"));
}
