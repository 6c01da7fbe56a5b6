#include "tests/nodes/sinks/postgres_harness.h"
#include "tests/support/catch.h"

using Catch::Matchers::ContainsSubstring;
using namespace flowrun;
using namespace flowrun::testing;

namespace {

std::string problems(const std::string& fields, BindFake::Given options,
                     const std::string& window = {}, std::vector<bool> sparse = {}) {
  return bind_problems({.fields = fields,
                        .options = std::move(options),
                        .window = window,
                        .sparse = std::move(sparse),
                        .url = "postgresql://me:word@db/ships"});
}

const auto kUpsert = std::pair<std::string, OptionValue>{"mode", value("upsert")};
const auto kAppend = std::pair<std::string, OptionValue>{"mode", value("append")};
const auto kKey = std::pair<std::string, OptionValue>{"key", list({"a"})};

}  // namespace

TEST_CASE("a sink that can work has no problems") {
  CHECK(problems("a int64, b string", {kUpsert, kKey, {"table", value("\"od.d\".\"t\"\"x\"")}})
            .empty());
}

TEST_CASE("modes and options that do not go together") {
  CHECK_THAT(problems("a int64", {kUpsert}), ContainsSubstring("needs a key"));
  CHECK_THAT(problems("a int64", {kAppend, {"nulls", value("keep")}}),
             ContainsSubstring("\"nulls\" means something with mode \"upsert\" only"));
  CHECK_THAT(problems("a int64", {kAppend, {"plan", value("delete_insert")}}),
             ContainsSubstring("\"plan\" means something"));
  CHECK_THAT(problems("a int64, b int64", {kUpsert, kKey, {"plan", value("delete_insert")}}, "",
                      {false, true}),
             ContainsSubstring("cannot keep old values"));
  CHECK_THAT(problems("a int64, b int64",
                      {kUpsert, kKey, {"plan", value("delete_insert")}, {"version", value("b")}}),
             ContainsSubstring("does not look at versions"));
  CHECK_THAT(problems("a int64", {{"mode", value("replace")}}, "at"),
             ContainsSubstring("does not arrive here"));
  CHECK_THAT(problems("at string", {{"mode", value("replace")}}, "at"),
             ContainsSubstring("as a date or a timestamp"));
}

TEST_CASE("names that PostgreSQL would cut or cannot have") {
  const std::string long_name(62, 'x');
  CHECK(problems(long_name + "x int64", {kAppend}).empty());
  CHECK_THAT(problems(long_name + "xa int64, " + long_name + "xb int64", {kAppend}),
             ContainsSubstring(long_name + "xa\" and \"" + long_name + "xb\" are one"));
  CHECK_THAT(problems(long_name + "xa int64", {kAppend}), ContainsSubstring("1 to 63 bytes"));
  CHECK_THAT(problems("a int64", {kAppend, {"table", value(long_name + "xx")}}),
             ContainsSubstring("longer than the 63 bytes"));
  CHECK_THAT(problems("a int64", {kAppend, {"table", value("a.b.c")}}),
             ContainsSubstring("is no table's name"));
  CHECK_THAT(problems("a int64", {kAppend, {"table", value("flowrun.coverage")}}),
             ContainsSubstring("is taken"));
  std::string many;
  for (int i = 0; i <= 1600; ++i) many += (i == 0 ? "c" : ", c") + std::to_string(i) + " bool";
  CHECK_THAT(problems(many, {kAppend}), ContainsSubstring("at most 1600 columns"));
}

TEST_CASE("a URL that cannot be read is told without it") {
  const auto text =
      bind_problems({.fields = "a int64", .options = {kAppend}, .url = "postgres//me:word@db"});
  CHECK_THAT(text, ContainsSubstring("the URL cannot be read"));
  CHECK(text.find("word@") == std::string::npos);
}
