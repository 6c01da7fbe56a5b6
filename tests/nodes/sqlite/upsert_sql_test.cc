#include "nodes/sqlite/upsert_sql.h"

#include "engine/sqlite/connection.h"
#include "tests/support/batches.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

using namespace flowrun;
using namespace flowrun::nodes;
using flowrun::testing::schema_of;
using flowrun::testing::TempFolder;

namespace {

struct Database {
  explicit Database(const std::string& ddl) { connection.execute(ddl); }
  [[nodiscard]] std::string all() {
    return connection.text("select group_concat(t, ' ') from (select t from t order by t)");
  }
  TempFolder folder;
  sqlite::Connection connection{folder / "a.db", sqlite::OpenMode::create};
};

/// 2026-01-01T00:00:00
constexpr Micros kNewYear = 1'767'225'600'000'000;

}  // namespace

TEST_CASE("inserts by mode read as they should") {
  InsertWish wish{
      .table = "t", .schema = schema_of("k string, a float64, b float64"), .key = {"k"}};
  CHECK(insert_statement(wish, 2) ==
        "insert into \"t\" as \"flowrun_old\" (\"k\", \"a\", \"b\") values (?, ?, ?), (?, ?, ?)");
  wish.on_conflict = OnConflict::ignore;
  CHECK(insert_statement(wish, 1) ==
        "insert into \"t\" as \"flowrun_old\" (\"k\", \"a\", \"b\") values (?, ?, ?) on conflict "
        "(\"k\") do nothing");
  wish.on_conflict = OnConflict::update;
  wish.keep_nulls = {false, true, false};
  CHECK(insert_statement(wish, 1) ==
        "insert into \"t\" as \"flowrun_old\" (\"k\", \"a\", \"b\") values (?, ?, ?) on conflict "
        "(\"k\") do update set "
        "\"a\" = coalesce(excluded.\"a\", \"flowrun_old\".\"a\"), \"b\" = excluded.\"b\"");
  wish.schema = schema_of("k string");
  CHECK(insert_statement(wish, 1) ==
        "insert into \"t\" as \"flowrun_old\" (\"k\") values (?) on conflict (\"k\") do nothing");
}

TEST_CASE("a window's rows are those from its start to just before its end") {
  const Interval hour{kNewYear, kNewYear + kHour};
  SECTION("timestamps") {
    Database db(
        "create table t (t text); insert into t values ('2025-12-31T23:59:59.999999'), "
        "('2026-01-01T00:00:00'), "
        "('2026-01-01T00:00:00.000001'), ('2026-01-01T00:59:59.9'), ('2026-01-01T01:00:00'), "
        "('2026-01-01T01:00:00.5'), (null)");
    db.connection.execute(delete_window("t", {"t", kTimestamp}, hour));
    CHECK(db.all() == "2025-12-31T23:59:59.999999 2026-01-01T01:00:00 2026-01-01T01:00:00.5");
    db.connection.execute(delete_unplaced("t", {"t", kTimestamp}));
    CHECK(db.connection.integer("select count(*) from t") == 3);
  }
  SECTION("timestamptz, where Z sorts behind a fraction") {
    Database db(
        "create table t (t text); insert into t values ('2025-12-31T23:59:59.9Z'), "
        "('2026-01-01T00:00:00Z'), "
        "('2026-01-01T00:00:00.5Z'), ('2026-01-01T00:59:59.9Z'), ('2026-01-01T01:00:00Z'), "
        "('2026-01-01T01:00:00.5Z')");
    db.connection.execute(delete_window("t", {"t", kTimestamptz}, hour));
    CHECK(db.all() == "2025-12-31T23:59:59.9Z 2026-01-01T01:00:00.5Z 2026-01-01T01:00:00Z");
  }
  SECTION("timestamptz in windows of less than a second") {
    Database db(
        "create table t (t text); insert into t values ('2026-01-01T00:00:00Z'), "
        "('2026-01-01T00:00:00.25Z'), "
        "('2026-01-01T00:00:00.5Z'), ('2026-01-01T00:00:00.75Z')");
    db.connection.execute(
        delete_window("t", {"t", kTimestamptz}, {kNewYear + 250'000, kNewYear + 500'000}));
    CHECK(db.all() == "2026-01-01T00:00:00.5Z 2026-01-01T00:00:00.75Z 2026-01-01T00:00:00Z");
  }
  SECTION("dates stand for their midnight") {
    Database db(
        "create table t (t text); insert into t values ('2025-12-31'), ('2026-01-01'), "
        "('2026-01-02')");
    db.connection.execute(delete_window("t", {"t", kDate}, {kNewYear, kNewYear + kDay}));
    CHECK(db.all() == "2025-12-31 2026-01-02");
    db.connection.execute(delete_window("t", {"t", kDate}, {kNewYear + kHour, kNewYear + kDay}));
    CHECK(db.all() == "2025-12-31 2026-01-02");
    db.connection.execute(
        delete_window("t", {"t", kDate}, {kNewYear + kHour, kNewYear + kDay + kHour}));
    CHECK(db.all() == "2025-12-31");
  }
}
