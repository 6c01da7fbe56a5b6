// `after`: sides of a pipeline that wait for one another.
#include "engine/plan/graph_export.h"
#include "tests/engine/plan/planned.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string source(const std::string& name, const std::string& more = "") {
  return "[sources." + name + "]\ntype = \"table\"\npath = \"" + name +
         "\"\ncolumns = { k = \"string\" }\n" + more;
}

std::string sink(const std::string& name, const std::string& input) {
  return "[sinks." + name + "]\ntype = \"null\"\ninput = \"" + input + "\"\n";
}

std::string pass(const std::string& name, const std::string& input, const std::string& more = "") {
  return "[transforms." + name + "]\ntype = \"pass\"\ninput = \"" + input + "\"\n" + more;
}

const std::string kName = "name = \"s\"\n";

/// The nodes' names, a list per side.
std::vector<std::vector<std::string>> sides(const Planned& planned) {
  INFO(planned.shown());
  std::vector<std::vector<std::string>> names;
  for (const auto& side : planned.instance().sides) {
    auto& members = names.emplace_back();
    for (const auto node : side) members.push_back(planned.instance().nodes[node].name);
  }
  return names;
}

}  // namespace

using Names = std::vector<std::vector<std::string>>;

TEST_CASE("rule 11: a side runs after the sinks that its nodes name, else as they stand") {
  CHECK(sides(plan_text(kName + source("a") + sink("x", "a") + source("b") + sink("y", "b"))) ==
        Names{{"a", "x", "b", "y"}});
  CHECK(sides(plan_text(kName + source("a", "after = \"y\"\n") + sink("x", "a") + source("b") +
                        sink("y", "b"))) == Names{{"b", "y"}, {"a", "x"}});
  const auto three =
      plan_text(kName + source("a") + pass("t", "a", "after = [\"y\", \"z\"]\n") + sink("x", "t") +
                source("b", "after = \"z\"\n") + sink("y", "b") + source("c") + sink("z", "c"));
  CHECK(sides(three) == Names{{"c", "z"}, {"b", "y"}, {"a", "t", "x"}});
  CHECK(three.node("t").after.size() == 2);
}

TEST_CASE("rule 11: a source that feeds both sides is an error, and so is any other connection") {
  CHECK(
      plan_text(kName + source("a") + sink("x", "a") + pass("t", "a", "after = \"x\"\n") +
                sink("y", "t"))
          .shown() ==
      "p.toml:12:9: error: transform \"t\": it waits for sink \"x\", and source \"a\" feeds both\n"
      "  12 | after = \"x\"\n"
      "     |         ^^^\n"
      "  = rows that wait would keep the source from going on; read it by a source of its own on "
      "each side");
  CHECK_THAT(plan_text(kName + source("a") + sink("x", "a") + source("b", "after = \"x\"\n") +
                       sink("y", "b") +
                       "[sinks.bad]\ntype = \"null\"\ninputs = [\"a.rejected\", \"b.rejected\"]\n")
                 .shown(),
             ContainsSubstring("it waits for sink \"x\", and other nodes connect the two"));
}

TEST_CASE("rule 11: sides that wait for each other are an error, and so is an unknown sink") {
  CHECK_THAT(
      plan_text(kName + source("a", "after = \"y\"\n") + sink("x", "a") +
                source("b", "after = \"x\"\n") + sink("y", "b"))
          .shown(),
      ContainsSubstring("source \"a\": it waits for sink \"y\", which waits for it in turn"));
  CHECK_THAT(
      plan_text(kName + source("a", "after = [\"yy\"]\n") + sink("x", "a") + source("b") +
                sink("y", "b"))
          .shown(),
      ContainsSubstring("p.toml:6:10: error: source \"a\": option \"after\": there is no sink "
                        "\"yy\"") &&
          ContainsSubstring("did you mean \"y\"?"));
  CHECK_THAT(
      plan_text(kName + source("a") + sink("x", "a") + "after = \"x\"\n").shown(),
      ContainsSubstring("unknown option \"after\"") || ContainsSubstring("no option \"after\""));
}

TEST_CASE("who waits for whom is in the picture") {
  const auto planned = plan_text(kName + source("a", "after = \"y\"\n") + sink("x", "a") +
                                 source("b") + sink("y", "b"));
  INFO(planned.shown());
  const auto& plan = planned.plan.value();
  CHECK_THAT(export_dot(planned.instance(), plan),
             ContainsSubstring("n3 -> n0 [style=dotted, arrowhead=open, label=\"after\\l\"]"));
  CHECK_THAT(export_mermaid(planned.instance(), plan), ContainsSubstring("n3 -.->|\"after\"| n0"));
  CHECK_THAT(export_json(planned.instance(), plan), ContainsSubstring("\"waits\": true"));
}
