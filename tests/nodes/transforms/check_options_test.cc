// What is wrong with rules, said one by one.
#include <fstream>

#include "tests/nodes/transforms/check_fake.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

const char* const kFields = "k int64, country string, at timestamp";

std::string problems_of(OptionValue::List rules) {
  auto context = check_of(std::move(rules), kFields);
  static_cast<void>(context.bind());
  return context.problems();
}

/// Of one rule called "r" that asks this.
std::string problems(OptionValue::Table asks) {
  asks.emplace_back("name", value("r"));
  return problems_of({table(std::move(asks))});
}

OptionValue::Table nested(const char* key, OptionValue::Table entries) {
  return {{key, table(std::move(entries))}};
}

}  // namespace

TEST_CASE("rules are a list of tables") {
  BindFake context(nodes::check(), {{"rules", value("n > 0")}}, {schema_of(kFields)});
  static_cast<void>(context.bind());
  CHECK_THAT(context.problems(),
             StartsWith("error wrong-type: \"rules\" must be a list of tables"));
  CHECK_THAT(problems_of({}), StartsWith("error wrong-type: \"rules\" must be a list of tables"));
  CHECK_THAT(problems_of({value("n > 0")}), StartsWith("error wrong-type: a rule is a table"));
}

TEST_CASE("a rule has a name of its own, and asks one thing") {
  CHECK(problems_of({table({{"expr", value("k > 0")}})}) ==
        "error missing-option: a rule has no name; write name = \"…\"\n");
  const auto one = table({{"name", value("a")}, {"expr", value("k > 0")}});
  CHECK(problems_of({one, one}) ==
        "error duplicate-name: two rules are called \"a\"; results are told apart by their rule's "
        "name\n");
  CHECK(problems({}) ==
        "error missing-option: rule \"r\" asks nothing; one of: expr, not_null, values, reference, "
        "row_count, unique, freshness\n");
  CHECK(problems({{"expr", value("k > 0")}, {"unique", value("k")}}) ==
        "error conflicting-options: rule \"r\" asks two things: \"expr\" and \"unique\"; make two "
        "rules of it\n");
  CHECK(problems({{"exprs", value("k > 0")}}) ==
        "error unknown-option: rule \"r\" has no \"exprs\"; did you mean \"expr\"?\n");
  CHECK(problems({{"expr", value(1)}}) ==
        "error wrong-type: rule \"r\": \"expr\" must be a string\n");
}

TEST_CASE("what happens on failure is one of three, and whole loads are never rejected") {
  CHECK(problems({{"expr", value("k > 0")}, {"on_fail", value("warning")}}) ==
        "error bad-choice: rule \"r\": \"on_fail\" is neither reject, warn nor error; one of: "
        "reject, warn, error\n");
  CHECK(problems({{"unique", value("k")}, {"on_fail", value("reject")}}) ==
        "error conflicting-options: rule \"r\": \"unique\" is about all rows together; there is "
        "none to reject; a dedup in front of it keeps one row of each key\n");
  auto row_count = nested("row_count", {{"min", value(1)}});
  row_count.emplace_back("on_fail", value("reject"));
  CHECK_THAT(problems(row_count), ContainsSubstring("write \"warn\" or \"error\""));
}

TEST_CASE("a condition is boolean and knows its columns") {
  CHECK(problems({{"expr", value("k + 1")}}) ==
        "error wrong-type: a condition is wanted, and this is int64; compare it with something\n");
  CHECK(problems({{"expr", value("kk > 1")}}) ==
        "error bad-expression: there is no column \"kk\"; did you mean \"k\"?\n");
}

TEST_CASE("columns are there, once, and where they are wanted") {
  CHECK(problems({{"not_null", list({"k", "cuntry"})}}) ==
        "error unknown-column: rule \"r\": there is no column \"cuntry\"; did you mean "
        "\"country\"?\n");
  CHECK(problems({{"unique", list({"k", "k"})}}) ==
        "error duplicate-column: rule \"r\": column \"k\" stands twice\n");
  CHECK(problems({{"unique", list({})}}) ==
        "error no-columns: rule \"r\": \"unique\" names no column\n");
  CHECK(problems({{"values", list({"A"})}}) ==
        "error missing-option: rule \"r\": \"values\" wants a \"column\"; write column = \"…\"\n");
  CHECK(problems({{"expr", value("k > 0")}, {"column", value("k")}}) ==
        "error useless-option: rule \"r\": \"expr\" takes no \"column\"\n");
}

TEST_CASE("accepted values are of the column's type") {
  CHECK(problems({{"column", value("k")}, {"values", list_of({value(1), value("x")})}}) ==
        "error wrong-type: column \"k\" is int64; the value is not\n");
  CHECK(problems({{"column", value("k")}, {"values", value(1)}}) ==
        "error wrong-type: rule \"r\": \"values\" must be a list of values\n");
}

TEST_CASE("a row count has limits that numbers can meet") {
  CHECK(problems(nested("row_count", {})) ==
        "error missing-option: rule \"r\": \"row_count\" has neither min nor max\n");
  CHECK(problems(nested("row_count", {{"min", value(3)}, {"max", value(2)}})) ==
        "error bad-value: rule \"r\": \"row_count\": min is more than max\n");
  CHECK(problems(nested("row_count", {{"min", value(-1)}})) ==
        "error wrong-type: rule \"r\": \"min\" must be a whole number\n");
  CHECK(problems(nested("row_count", {{"minimum", value(1)}, {"min", value("7")}})) ==
        "error unknown-option: rule \"r\": \"row_count\" has no \"minimum\"; one of: min, max\n");
  CHECK_THAT(problems({{"row_count", value(3)}}),
             StartsWith("error wrong-type: rule \"r\": \"row_count\" must be a table"));
}

TEST_CASE("freshness wants a column of times and a duration") {
  CHECK(problems(nested("freshness", {{"column", value("at")}})) ==
        "error missing-option: rule \"r\": \"freshness\" has no \"within\"\n");
  CHECK(problems(nested("freshness", {{"column", value("at")}, {"within", value("2 moons")}})) ==
        "error bad-value: rule \"r\": \"within\" is no duration: \"2 moons\"; write it as \"15m\", "
        "\"2h\" or \"1d\"\n");
  CHECK(problems(nested("freshness", {{"column", value("k")}, {"within", value("2h")}})) ==
        "error wrong-type: rule \"r\": column \"k\" is int64, not a date or a timestamp\n");
}

TEST_CASE("a reference that cannot be read is said when the pipeline is planned") {
  const TempFolder folder;
  const auto said = [&](const char* text, const char* column) {
    std::ofstream(folder / "dim.csv", std::ios::binary) << text;
    const auto reference = table({{"file", value("dim.csv")}, {"column", value(column)}});
    auto context = check_of(
        {table({{"name", value("r")}, {"column", value("k")}, {"reference", reference}})}, kFields);
    context.directory = folder / ".";
    context.files["dim.csv"] = text;
    static_cast<void>(context.bind());
    return context.problems();
  };
  CHECK(said("id\n1\n", "id").empty());
  CHECK_THAT(said("id\n1\n", "idd"),
             StartsWith("error bad-file: rule \"r\": dim.csv: its header has no column \"idd\""));
  CHECK_THAT(said("id,x\n1,y\nz,y\n", "id"),
             StartsWith("error bad-file: rule \"r\": dim.csv:3:9: column \"id\": not an int64: z"));
  CHECK_THAT(problems({{"column", value("k")}, {"reference", value("dim.csv")}}),
             StartsWith("error wrong-type: rule \"r\": \"reference\" must be a table"));
  CHECK_THAT(problems({{"column", value("k")},
                       {"reference", table({{"file", value("no.csv")}, {"column", value("id")}})}}),
             StartsWith("error unreadable-file"));
}
