#include <fstream>

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
