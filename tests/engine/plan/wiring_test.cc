// Inputs, ports, order, cycles, unused outputs, targets.
#include "tests/engine/plan/planned.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

/// `name = "w"`, a source "in", then `more`, which starts on line 6.
std::string with_source(const std::string& more) {
  return "name = \"w\"\n[sources.in]\ntype = \"table\"\npath = \"a\"\ncolumns = { k = \"string\", "
         "v = \"int64\" }\n" +
         more;
}

std::vector<std::string> order(const Planned& planned) {
  if (!planned.plan) return {planned.shown()};
  std::vector<std::string> names;
  for (const auto& node : planned.instance().nodes) names.push_back(node.name);
  return names;
}

/// The folder of a pipeline with routes to "engine" and "nav".
class Routed {
 public:
  Routed() { folder_.write("routes.csv", "a,engine\nb,nav\nc,engine\n"); }
  [[nodiscard]] Planned plan(const std::string& more) const {
    return plan_text(with_source("[transforms.sp]\ntype = \"split\"\ninput = \"in\"\nkey = \"k\"\n"
                                 "routes = \"routes.csv\"\n" +
                                 more),
                     {}, folder_.path() + "/p.toml");
  }
  /// With the folder's path taken out.
  [[nodiscard]] std::string shown(const std::string& more) const {
    auto text = plan(more).shown();
    for (auto at = text.find(folder_.path()); at != std::string::npos;
         at = text.find(folder_.path())) {
      text.erase(at, folder_.path().size() + 1);
    }
    return text;
  }

 private:
  TempFolder folder_;
};

const std::string kSink = "[sinks.out]\ntype = \"null\"\n";

}  // namespace

TEST_CASE("nodes are ordered after their inputs, else as they stand in the file") {
  CHECK(order(plan_text(
            "name = \"w\"\n"
            "[sinks.z]\ntype = \"null\"\ninput = \"b\"\n"
            "[transforms.b]\ntype = \"pass\"\ninput = \"a\"\n"
            "[transforms.a]\ntype = \"merge\"\ninputs = [\"y\", \"x\"]\n"
            "[sources.y]\ntype = \"table\"\npath = \"y\"\ncolumns = { k = \"string\" }\n"
            "[sources.x]\ntype = \"table\"\npath = \"x\"\ncolumns = { k = \"string\" }\n")) ==
        std::vector<std::string>{"y", "x", "a", "b", "z"});
}

TEST_CASE("inputs take the ports that they name") {
  const Routed routed;
  const auto planned = routed.plan(
      "[sinks.a]\ntype = \"null\"\ninput = \"sp.engine\"\n[sinks.b]\ntype = \"null\"\ninput = "
      "\"sp.nav\"\n"
      "[sinks.bad]\ntype = \"file\"\ninputs = [\"in.rejected\", \"sp.rejected\", "
      "\"a.rejected\"]\npath = \"bad\"\n");
  INFO(planned.shown());
  const auto& split = planned.node("sp");
  REQUIRE(split.binding.outputs.size() == 2);
  CHECK(planned.node("a").inputs[0].port == 0);
  CHECK(planned.node("b").inputs[0].port == 1);
  CHECK(split.port_name(1) == "sp.nav");
  const auto& bad = planned.node("bad");
  CHECK(bad.takes_rejects);
  CHECK(bad.inputs.size() == 3);
  CHECK(bad.inputs[0].port == 1);  // of a source with one output
  CHECK(bad.inputs[1].port == 2);
  CHECK(bad.inputs[2].port == 0);  // of a sink, which has no other
  CHECK_FALSE(planned.node("a").takes_rejects);
}

TEST_CASE("a missing input is an error") {
  CHECK(plan_text(with_source(kSink)).shown() ==
        "p.toml:6:8: error: sink \"out\": option \"input\" is missing\n"
        "  6 | [sinks.out]\n"
        "    |        ^^^\n"
        "  = say where its rows come from: input = \"…\" or inputs = [\"…\", \"…\"]");
  CHECK_THAT(plan_text(with_source(kSink + "inputs = []\n")).shown(),
             ContainsSubstring("\"inputs\" is empty"));
  CHECK_THAT(plan_text(with_source(kSink + "input = 5\n")).shown(),
             ContainsSubstring("option \"input\" must be a string, not a whole number"));
  CHECK_THAT(plan_text(with_source(kSink + "input = \"in\"\ninputs = [\"in\"]\n")).shown(),
             ContainsSubstring("both \"input\" and \"inputs\" are given"));
  CHECK_THAT(plan_text(with_source(kSink + "inputs = [\"in\", \"in\"]\n")).shown(),
             ContainsSubstring("p.toml:8:17: error: sink \"out\": the same input is there twice"));
  CHECK_THAT(plan_text(with_source("[transforms.t]\ntype = \"pass\"\ninputs = [\"in\"]\n" + kSink +
                                   "input = \"t\"\n"))
                 .shown(),
             ContainsSubstring("transform \"t\": it takes one input") &&
                 ContainsSubstring("= write input = \"…\""));
}

TEST_CASE("an unknown node is one error with a suggestion, and what was meant is not unused") {
  CHECK(plan_text(with_source("[sinks.out]\n\ttype = \"null\"\n\tinput = \"inn\"\n")).shown() ==
        "p.toml:8:10: error: sink \"out\": there is no node \"inn\"\n"
        "  8 | \tinput = \"inn\"\n"
        "    | \t        ^^^^^\n"
        "  = did you mean \"in\"?");
}

TEST_CASE("an unknown port is an error at the port") {
  const Routed routed;
  CHECK(routed.shown("[sinks.a]\ntype = \"null\"\ninputs = [\"sp.engine\", \"sp.nva\"]\n") ==
        "p.toml:13:28: error: sink \"a\": transform \"sp\" has no output \"nva\"\n"
        "  13 | inputs = [\"sp.engine\", \"sp.nva\"]\n"
        "     |                            ^^^\n"
        "  = did you mean \"sp.nav\"?");
  CHECK_THAT(routed.shown("[sinks.a]\ntype = \"null\"\ninput = \"sp\"\n"),
             ContainsSubstring("sink \"a\": transform \"sp\" has no main output") &&
                 ContainsSubstring("= one of: sp.engine, sp.nav, sp.rejected"));
  CHECK_THAT(
      plan_text(
          with_source(kSink + "input = \"in\"\n[sinks.o2]\ntype = \"null\"\ninput = \"out\"\n"))
          .shown(),
      ContainsSubstring("sink \"o2\": sink \"out\" has no output but its rejects") &&
          ContainsSubstring("= write \"out.rejected\""));
}

TEST_CASE("unused outputs are errors, each port of its own, rejects excepted") {
  CHECK(
      plan_text(with_source("[sinks.r]\ntype = \"file\"\npath = \"r\"\ninput = \"in.rejected\"\n"))
          .shown() ==
      "p.toml:2:10: error: source \"in\": nothing takes its output\n"
      "  2 | [sources.in]\n"
      "    |          ^^\n"
      "  = add a node with input = \"in\", of type \"null\" where the rows are not wanted");
  const Routed routed;
  CHECK(routed.shown("[sinks.a]\ntype = \"null\"\ninput = \"sp.engine\"\n") ==
        "p.toml:6:13: error: transform \"sp\": nothing takes its output \"nav\"\n"
        "  6 | [transforms.sp]\n"
        "    |             ^^\n"
        "  = add a node with input = \"sp.nav\", of type \"null\" where the rows are not wanted");
}

TEST_CASE("cycles are named, and nothing behind them is reported") {
  CHECK(plan_text(with_source("[transforms.a]\ntype = \"merge\"\ninputs = [\"in\", \"c\"]\n"
                              "[transforms.b]\ntype = \"pass\"\ninput = \"a\"\n"
                              "[transforms.c]\ntype = \"pass\"\ninput = \"b\"\n" +
                              kSink + "input = \"c\"\n"))
            .shown() ==
        "p.toml:8:17: error: the inputs form a circle: a -> b -> c -> a\n"
        "  8 | inputs = [\"in\", \"c\"]\n"
        "    |                 ^^^\n"
        "  = rows could never leave it; take one of these inputs from elsewhere");
  CHECK_THAT(plan_text("name = \"w\"\n[transforms.a]\ntype = \"pass\"\ninput = \"a\"\n").shown(),
             ContainsSubstring("the inputs form a circle: a -> a"));
  const auto two = plan_text(
      "name = \"w\"\n[transforms.a]\ntype = \"pass\"\ninput = \"b\"\n[transforms.b]\ntype = "
      "\"pass\"\ninput = \"a\"\n"
      "[transforms.c]\ntype = \"pass\"\ninput = \"d\"\n[transforms.d]\ntype = \"pass\"\ninput = "
      "\"c\"\n");
  CHECK(two.diagnostics.all().size() == 2);
}

TEST_CASE("two sinks on one target are an error") {
  CHECK(plan_text(with_source("[sinks.a]\ntype = \"file\"\npath = \"x.csv\"\ninput = \"in\"\n"
                              "[sinks.b]\ntype = \"file\"\npath = \"x.csv\"\ninput = \"in\"\n"
                              "[sinks.c]\ntype = \"null\"\ninput = \"in\"\n[sinks.d]\ntype = "
                              "\"null\"\ninput = \"in\"\n"))
            .shown() ==
        "p.toml:10:8: error: sink \"b\": it writes where sink \"a\" writes: x.csv\n"
        "  10 | [sinks.b]\n"
        "     |        ^\n"
        "  = give one of them another path or table, or give one sink all the inputs");
}

TEST_CASE("inputs of one node must have the same columns") {
  const auto second = [](const std::string& columns) {
    return plan_text(with_source("[sources.b]\ntype = \"table\"\npath = \"b\"\ncolumns = { " +
                                 columns + " }\n" + kSink + "inputs = [\"in\", \"b\"]\n"))
        .shown();
  };
  CHECK(second("k = \"string\", v = \"int64\"").empty());
  CHECK(second("k = \"string\", v = \"float64\"") ==
        "p.toml:12:17: error: sink \"out\": \"b\" has other columns than \"in\": its column \"v\" "
        "is float64 and not "
        "int64\n"
        "  12 | inputs = [\"in\", \"b\"]\n"
        "     |                 ^^^\n"
        "  = all inputs of a node must have the same columns; put a select in between");
  CHECK_THAT(second("k = \"string\""), ContainsSubstring("it has no column \"v\""));
  CHECK_THAT(second("k = \"string\", v = \"int64\", w = \"date\""),
             ContainsSubstring("it has a column \"w\" more"));
  CHECK_THAT(second("v = \"int64\", k = \"string\""),
             ContainsSubstring("its columns stand in another order"));
}
