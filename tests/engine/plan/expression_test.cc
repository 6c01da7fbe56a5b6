// Expressions in pipeline files: where mistakes stand, and what variables become.
#include "engine/expr/expression.h"
#include "engine/spec/expression_option.h"
#include "tests/engine/plan/planned.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string pipeline(const std::string& condition, const std::string& params = "") {
  return "name = \"e\"\n" + params +
         "[sources.in]\ntype = \"table\"\npath = \"a\"\n"
         "columns = { k = \"string\", v = \"int64\", at = \"date\" }\n"
         "[transforms.t]\ntype = \"keep\"\ninput = \"in\"\nwhere = " +
         condition + "\n[sinks.out]\ntype = \"null\"\ninput = \"t\"\n";
}

}  // namespace

TEST_CASE("a mistake in an expression is shown inside its string") {
  CHECK(plan_text(pipeline("\"v > 1 and kk = 'é'\"")).shown() ==
        "p.toml:9:20: error: transform \"t\": there is no column \"kk\"\n"
        "  9 | where = \"v > 1 and kk = 'é'\"\n"
        "    |                    ^^\n"
        "  = did you mean \"k\"?");
  CHECK_THAT(plan_text(pipeline("'''\n  k = 'é'\n  and vv > 1'''")).shown(),
             ContainsSubstring("p.toml:11:7: error: transform \"t\": there is no column \"vv\"") &&
                 ContainsSubstring("  11 |   and vv > 1'''\n     |       ^^"));
  CHECK_THAT(plan_text(pipeline("\"v > \"")).shown(),
             ContainsSubstring("something is missing at the end"));
}

TEST_CASE("variables in an expression are values of their type, never text") {
  const std::string params =
      "[params]\nleast = 5\nname = \"x' or true --\"\nday = { type = \"date\", default = \"today\" "
      "}\n";
  const auto planned =
      plan_text(pipeline("\"v >= ${least} and k = ${name} and at < ${day}\"", params));
  INFO(planned.shown());
  CHECK(planned.plan.has_value());
  CHECK_THAT(plan_text(pipeline("\"k > ${least}\"", params)).shown(),
             ContainsSubstring("there is no string > int64"));
  CHECK_THAT(plan_text(pipeline("\"k = '${name}'\"", params)).shown(),
             ContainsSubstring("a variable inside quotes would be text and no value"));
  // A caret behind a variable stands where it was written.
  CHECK_THAT(plan_text(pipeline("\"v >= ${least} and vv > 1\"", params)).shown(),
             ContainsSubstring("where = \"v >= ${least} and vv > 1\"\n"
                               "     |                            ^^"));
}

TEST_CASE("rule 3: values of variables in expressions are hashed, relative ones as written") {
  const auto hash = [](const std::string& condition, const std::string& params) {
    const auto planned = plan_text(pipeline(condition, params));
    INFO(planned.shown());
    return planned.node("out").plan_hash;
  };
  CHECK(hash("\"v > ${least}\"", "[params]\nleast = 5\n") ==
        hash("\"v > ${least}\"", "[params]\nleast = 5\n"));
  CHECK(hash("\"v > ${least}\"", "[params]\nleast = 5\n") !=
        hash("\"v > ${least}\"", "[params]\nleast = 6\n"));
}

TEST_CASE("expressions inside a value that a node looks at itself take variables as values, too") {
  const auto plan = [](const std::string& rules) {
    return plan_text(
        "name = \"e\"\n[params]\nleast = 5\nname = \"x' or true --\"\n"
        "[sources.in]\ntype = \"table\"\npath = \"a\"\n"
        "columns = { k = \"string\", v = \"int64\" }\n"
        "[transforms.t]\ntype = \"judge\"\ninput = \"in\"\nrules = [\n" +
        rules + "]\n[sinks.out]\ntype = \"null\"\ninput = \"t\"\n");
  };
  const auto planned = plan(
      "{ says = \"${name}: \", expr = \"v >= ${least} and k = ${name}\" },\n"
      "{ says = \"plain: \", expr = \"v > 1\" },\n");
  INFO(planned.shown());
  REQUIRE(planned.plan.has_value());
  // Shown as written; the other strings have the text. Nothing takes "results", and nobody must.
  CHECK(planned.node("t").binding.notes ==
        std::vector<std::string>{"x' or true --: v >= ${least} and k = ${name}", "plain: v > 1"});
  CHECK_THAT(plan("{ says = \"\", expr = \"k = '${name}'\" },\n").shown(),
             ContainsSubstring("a variable inside quotes would be text and no value"));
  CHECK_THAT(plan("{ says = \"\", expr = \"v >= ${least} and vv > 1\" },\n").shown(),
             ContainsSubstring("expr = \"v >= ${least} and vv > 1\" },\n"
                               "     |                                        ^^"));
  const auto hash = [&](const std::string& rules) { return plan(rules).node("out").plan_hash; };
  CHECK(hash("{ says = \"\", expr = \"v > 1\" },\n") !=
        hash("{ says = \"\", expr = \"v > 2\" },\n"));
}
