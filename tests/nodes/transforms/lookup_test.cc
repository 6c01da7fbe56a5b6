#include <fstream>

#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/sqlite/connection.h"
#include "nodes/catalog.h"
#include "tests/support/catch.h"
#include "tests/support/run_node.h"
#include "tests/support/temp_folder.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

const char* const kFields = "route string, at timestamp, n int64";

/// A lookup in a file of its own, which lives as long as it.
class LookupFake {
 public:
  LookupFake(const std::string& table, BindFake::Given options, const char* fields = kFields) {
    std::ofstream(folder_ / "t.csv", std::ios::binary) << table;
    options.emplace_back("file", value("t.csv"));
    context = std::make_unique<BindFake>(nodes::lookup(), options,
                                         std::vector<SchemaRef>{schema_of(fields)});
    context->directory = folder_ / ".";
    context->files["t.csv"] = table;
  }

  std::string problems() {
    static_cast<void>(context->bind());
    return context->problems();
  }

  std::unique_ptr<BindFake> context;

 private:
  TempFolder folder_;
};

const std::string kRoutes = "route_id,name,km\nr1,North,12.5\nr2,\"South, old\",7\n,Nowhere,1\n";

}  // namespace

TEST_CASE("a row gets the columns of the row with its key; a key with a null finds nothing") {
  LookupFake fake(kRoutes,
                  {{"on", table({{"route", value("route_id")}})}, {"take", list({"name", "km"})}});
  const auto rows = batch_of(kFields, "r2,,1\nr9,,2\n,,3\nr1,,4");
  const auto out = transformed(*fake.context, {rows, with_dictionary(*rows, "route", 3)});
  const std::string once = "r2,,1,\"South, old\",7\nr9,,2,,\n,,3,,\nr1,,4,North,12.5\n";
  CHECK(out.csv() == once + once);
  CHECK(to_string(out.ports.at(0).at(0)->schema()) ==
        "route string, at timestamp, n int64, name string, km float64");
}

TEST_CASE("rows that find nothing can be rejects, or end the run") {
  BindFake::Given options{{"on", table({{"route", value("route_id")}})}, {"take", value("name")}};
  options.emplace_back("missing", value("reject"));
  LookupFake fake(kRoutes, options);
  const auto out = transformed(*fake.context, {batch_of(kFields, "r9,,1\nr1,,2\n,,3", 5)});
  CHECK(out.csv() == "r1,,2,North\n");
  REQUIRE(out.rejects.size() == 2);
  CHECK(out.rejects[0].reason == "found nothing in t.csv");
  CHECK(out.rejects[0].column == "route");
  CHECK(out.rejects[0].value == "r9");
  CHECK(out.rejects[0].ordinal == 5);
  CHECK(out.rejects[1].value == "null");
  options.back().second = value("fail");
  LookupFake failing(kRoutes, options);
  CHECK_THROWS_WITH(transformed(*failing.context, {batch_of(kFields, "r9,,1")}),
                    ContainsSubstring("t.csv has no row for route = r9"));
}

TEST_CASE("as of a time, the version that is valid then is taken: from included, until excluded") {
  const std::string versions =
      "route,sk,valid_from,valid_to\n"
      "r1,11,2026-01-01T00:00:00,2026-02-01T00:00:00\n"
      "r1,12,2026-02-01T00:00:00,2026-03-01T00:00:00\n"
      "r1,13,2026-04-01T00:00:00,\n"
      "r2,20,,2026-01-15T00:00:00\n";
  LookupFake fake(versions,
                  {{"on", value("route")}, {"take", value("sk")}, {"as_of", value("at")}});
  const auto out = transformed(
      *fake.context, {batch_of(kFields,
                               "r1,2025-12-31T23:59:59.999999,1\nr1,2026-01-01T00:00:00,2\n"
                               "r1,2026-01-31T23:59:59.999999,3\nr1,2026-02-01T00:00:00,4\n"
                               "r1,2026-03-15T00:00:00,5\nr1,2030-01-01T00:00:00,6\n"
                               "r2,1900-01-01T00:00:00,7\nr2,2026-01-15T00:00:00,8\nr1,,9")});
  std::string sks;
  for (const auto& batch : out.ports.at(0)) {
    const auto& column = batch->column(3);
    for (std::int64_t row = 0; row < batch->rows(); ++row) {
      sks += column.is_valid(row)
                 ? std::to_string(column.values<std::int64_t>()[static_cast<std::size_t>(row)])
                 : "~";
      sks += " ";
    }
  }
  CHECK(sks == "~ 11 11 12 ~ 13 20 ~ ~ ");
}

TEST_CASE("a key of several columns, and one whose type the sample gets wrong") {
  LookupFake fake("a,b,c\n007,1,x\n7,1,y\n7,2,z\n",
                  {{"on", list({"a", "b"})},
                   {"take", table({{"found", value("c")}})},
                   {"columns", table({{"a", value("string")}})}},
                  "a string, b int64");
  const auto out =
      transformed(*fake.context, {batch_of("a string, b int64", "7,1\n007,1\n7,2\n7,3")});
  CHECK(out.csv() == "7,1,y\n007,1,x\n7,2,z\n7,3,\n");
}

TEST_CASE("what is wrong with the table or its columns is said") {
  const auto on = std::pair<std::string, OptionValue>{"on", table({{"route", value("route_id")}})};
  const auto name = std::pair<std::string, OptionValue>{"take", value("name")};
  CHECK_THAT(LookupFake("route_id,name\nr1,a\nr1,b\n", {on, name}).problems(),
             ContainsSubstring("t.csv: the key r1 stands 2 times"));
  CHECK_THAT(LookupFake("route_id,name,valid_from,valid_to\nr1,a,2026-01-01,2026-02-01\n"
                        "r1,b,2026-01-31,\n",
                        {on, name, {"as_of", value("at")}})
                 .problems(),
             ContainsSubstring("two versions of the key r1 are valid at once"));
  CHECK_THAT(LookupFake("route_id,name\n1,a\n", {on, name}).problems(),
             ContainsSubstring("\"route\" is string here and int64 in t.csv"));
  CHECK_THAT(LookupFake(kRoutes, {on, {"take", list({"nam", "km"})}}).problems(),
             ContainsSubstring("t.csv has no column \"nam\"; did you mean \"name\"?"));
  CHECK_THAT(LookupFake(kRoutes, {on, {"take", table({{"n", value("name")}})}}).problems(),
             ContainsSubstring("there is a column \"n\" already"));
  CHECK_THAT(
      LookupFake(kRoutes, {on, name, {"columns", table({{"name", value("int64")}})}}).problems(),
      ContainsSubstring("not an int64"));
}

// ------------------------------------------------------------------------------------------------
// tables of a database, and whatever is read when a run is about to begin

namespace {

/// A lookup in a table of a database that may not be there yet.
class DatabaseFake {
 public:
  explicit DatabaseFake(BindFake::Given options, const std::string& sql = "") {
    if (!sql.empty()) execute(sql);
    options.emplace_back("file", value("x.db"));
    options.emplace_back("table", value("dim"));
    context = std::make_unique<BindFake>(nodes::lookup(), options,
                                         std::vector<SchemaRef>{schema_of(kFields)});
    context->directory = folder_ / ".";
  }

  void execute(const std::string& sql) {
    sqlite::Connection connection(folder_ / "x.db", sqlite::OpenMode::create);
    connection.execute(sql);
  }

  std::string problems() {
    static_cast<void>(context->bind());
    return context->problems();
  }

  std::unique_ptr<BindFake> context;

 private:
  TempFolder folder_;
};

const char* const kDim =
    "create table dim (sk integer primary key, route text, name text, valid_from text, valid_to "
    "text);"
    "insert into dim values (11, 'r1', 'North', '2026-01-01', '2026-02-01 00:00:00'), "
    "(12, 'r1', 'Norths', '2026-02-01T00:00:00', null), (20, 'r2', null, null, '2026-01-15');";

const BindFake::Given kVersioned{
    {"on", value("route")},
    {"take", table({{"route_sk", value("sk")}, {"label", value("name")}})},
    {"as_of", value("at")},
    {"columns", table({{"valid_from", value("timestamp")}, {"valid_to", value("timestamp")}})}};

}  // namespace

TEST_CASE("rows are looked up in a table of a database, as it is when the run begins") {
  DatabaseFake fake(kVersioned, kDim);
  const auto rows = batch_of(kFields,
                             "r1,2025-12-31T00:00:00,1\nr1,2026-01-01T00:00:00,2\n"
                             "r1,2026-02-01T00:00:00,3\nr2,1999-01-01T00:00:00,4\n"
                             "r2,2026-01-15T00:00:00,5\nr3,2026-01-15T00:00:00,6");
  CHECK(transformed(*fake.context, {rows}).csv() ==
        "r1,2025-12-31T00:00:00,1,,\nr1,2026-01-01T00:00:00,2,11,North\n"
        "r1,2026-02-01T00:00:00,3,12,Norths\nr2,1999-01-01T00:00:00,4,20,\n"
        "r2,2026-01-15T00:00:00,5,,\nr3,2026-01-15T00:00:00,6,,\n");
  const auto binding = fake.context->bind();
  // Hashed is what is read of the table, not what it holds.
  CHECK(
      binding.content_hash ==
      fingerprint("route string, valid_from timestamp, valid_to timestamp, sk int64, name string"));
  const auto transform = binding.make_transform();
  fake.execute("insert into dim values (30, 'r3', 'West', '2026-01-01', null)");
  Log quiet;
  transform->open(quiet);
  Collected out;
  transform->apply(rows, out);
  CHECK_THAT(out.csv(), ContainsSubstring("r3,2026-01-15T00:00:00,6,30,West\n"));
}

TEST_CASE(
    "two rows with one key in a table of a database end the run, and so does one that is bad") {
  const BindFake::Given plain{{"on", value("route")}, {"take", value("name")}};
  DatabaseFake twice(plain, kDim);
  CHECK_THROWS_WITH(transformed(*twice.context, {batch_of(kFields, "r1,,1")}),
                    ContainsSubstring("x.db#dim: the key r1 stands 2 times"));
  DatabaseFake overlapping(kVersioned, std::string(kDim) +
                                           "insert into dim values (13, 'r1', 'x', '2026-01-31', "
                                           "'2026-02-01')");
  CHECK_THROWS_WITH(transformed(*overlapping.context, {batch_of(kFields, "r1,,1")}),
                    ContainsSubstring("two versions of the key r1 are valid at once"));
  DatabaseFake bad(kVersioned,
                   std::string(kDim) + "insert into dim values (40, 'r4', 'x', 'yesterday', null)");
  CHECK_THROWS_WITH(
      transformed(*bad.context, {batch_of(kFields, "r1,,1")}),
      ContainsSubstring("x.db#dim: rowid 40: column \"valid_from\": not a timestamp: yesterday"));
  DatabaseFake view(plain,
                    "create table t (route text, name text); insert into t values ('r1', "
                    "'a'); create view dim as select * from t");
  CHECK(transformed(*view.context, {batch_of(kFields, "r1,,1")}).csv() == "r1,,1,a\n");
}

TEST_CASE("a table that a sink is to make needs types for what is used of it") {
  DatabaseFake alone({{"on", value("route")}, {"take", value("name")}});
  CHECK(alone.problems() ==
        "error no-file: there is no file x.db; where a sink of this pipeline makes it, write after "
        "= \"SINK\"\n");
  DatabaseFake untyped({{"on", value("route")}, {"take", value("name")}});
  untyped.context->is_waiting = true;
  CHECK_THAT(
      untyped.problems(),
      ContainsSubstring("x.db#dim is not there yet, so that the type of its column \"route\" "
                        "is not known; write columns = { route = \"string\" }"));
  DatabaseFake typed({{"on", value("route")},
                      {"take", value("name")},
                      {"columns", table({{"route", value("string")}, {"name", value("string")}})}});
  typed.context->is_waiting = true;
  const auto binding = typed.context->bind();
  REQUIRE(typed.context->problems() == "");
  typed.execute("create table dim (route text, name text); insert into dim values ('r1', 'North')");
  CHECK(typed.context->bind().content_hash == binding.content_hash);
  Log quiet;
  Collected out;
  const auto transform = binding.make_transform();
  transform->open(quiet);
  transform->apply(batch_of(kFields, "r1,,1"), out);
  CHECK(out.csv() == "r1,,1,North\n");
  DatabaseFake other({{"on", value("route")}, {"take", value("name")}}, "create table t (n)");
  CHECK_THAT(other.problems(), ContainsSubstring("there is no table \"dim\" in x.db"));
  DatabaseFake undeclared({{"on", value("route")}, {"take", value("name")}},
                          "create table dim (route text, name)");
  CHECK_THAT(undeclared.problems(),
             ContainsSubstring("column \"name\" of x.db#dim has no declared type"));
}

TEST_CASE("a CSV file that comes after a sink is read when the run begins") {
  LookupFake fake(kRoutes,
                  {{"on", table({{"route", value("route_id")}})}, {"take", value("name")}});
  fake.context->is_waiting = true;
  const auto binding = fake.context->bind();
  REQUIRE(fake.context->problems() == "");
  CHECK(binding.content_hash == fingerprint("route_id string, name string"));
  const auto transform = binding.make_transform();
  std::ofstream(fake.context->resolve("t.csv"), std::ios::app) << "r3,West,1\n";
  Log quiet;
  transform->open(quiet);
  Collected out;
  transform->apply(batch_of(kFields, "r3,,1"), out);
  CHECK(out.csv() == "r3,,1,West\n");
  fake.context->is_waiting = false;
  CHECK(fake.context->bind().content_hash == fingerprint(kRoutes));
}
