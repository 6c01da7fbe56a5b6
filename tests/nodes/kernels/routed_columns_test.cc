#include "nodes/kernels/routed_columns.h"

#include "tests/support/bind_fake.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

NodeType routed() {
  return {{.name = "routed", .options = {{.name = "columns", .kind = OptionKind::any}}}, nullptr};
}

constexpr const char* kRoutes = "channel,output\nc1,engine\nc2,navigation\nc3,engine\n";

std::string problems_of(const OptionValue& columns) {
  BindFake context(routed(), {{"columns", columns}});
  context.files["r.csv"] = kRoutes;
  context.files["bad.csv"] = "channel,output\nc1\n";
  CHECK_FALSE(nodes::read_routed_columns(context, "columns"));
  return context.problems();
}

}  // namespace

TEST_CASE("the columns of an output are read in file order, with the file's hash") {
  BindFake context(routed(),
                   {{"columns", table({{"routes", value("r.csv")}, {"output", value("engine")}})}});
  context.files["r.csv"] = kRoutes;
  const auto routed_columns = nodes::read_routed_columns(context, "columns");
  REQUIRE(routed_columns);
  CHECK(routed_columns->names == std::vector<std::string>{"c1", "c3"});
  CHECK(routed_columns->output == "engine");
  CHECK(routed_columns->hash.size() == 32);
  CHECK(context.problems().empty());
}

TEST_CASE("what is wrong with a routed option is said") {
  const std::string shape = "; write { routes = \"channels.csv\", output = \"engine\" }\n";
  CHECK(problems_of(value("engine")) == "error wrong-type: \"columns\" is not a table" + shape);
  CHECK(problems_of(table({{"routes", value("r.csv")}})) ==
        "error missing-option: \"columns\" needs \"output\"" + shape);
  CHECK(problems_of(table({{"routes", value(1)}, {"output", value("x")}})) ==
        "error wrong-type: \"routes\" is not a string" + shape);
  CHECK(problems_of(table({{"routes", value("r.csv")}, {"output", value("engin")}})) ==
        "error unknown-output: routes file r.csv has no output \"engin\"; did you mean "
        "\"engine\"?\n");
  CHECK(
      problems_of(table(
          {{"route", value("r.csv")}, {"routes", value("r.csv")}, {"output", value("engine")}})) ==
      "error unknown-option: \"columns\" has no entry \"route\"; did you mean \"routes\"?\n");
  CHECK(problems_of(table({{"routes", value("none.csv")}, {"output", value("engine")}})) ==
        "error unreadable-file: cannot read /pipeline/none.csv\n");
  CHECK_THAT(problems_of(table({{"routes", value("bad.csv")}, {"output", value("engine")}})),
             Catch::Matchers::ContainsSubstring("error bad-routes: routes file bad.csv: line 2: "));
}
