// filter and split by conditions.
#include "nodes/catalog.h"
#include "tests/support/catch.h"
#include "tests/support/run_node.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

const char* const kFields = "a int64, b int64, s string";

}  // namespace

TEST_CASE("filter keeps the rows for which its condition holds; null does not hold") {
  BindFake context(nodes::filter(), {{"where", value("a > b or s = 'x'")}}, {schema_of(kFields)});
  const auto out = transformed(context, {batch_of(kFields, "2,1,\n1,2,y\n,1,x\n,1,\n3,2,x")});
  CHECK(ordinals_of(out.ports.at(0)) == "0 2 4");
  CHECK(out.filtered_rows() == 2);
}

TEST_CASE("filter rejects rows that its condition has no value for") {
  BindFake context(nodes::filter(), {{"where", value("a / b > 1")}}, {schema_of(kFields)});
  const auto out = transformed(context, {batch_of(kFields, "4,2,\n4,0,\n1,1,")});
  CHECK(ordinals_of(out.ports.at(0)) == "0");
  CHECK(out.filtered_rows() == 1);
  REQUIRE(out.rejects.size() == 1);
  CHECK(out.rejects[0].reason == "division by zero in a / b > 1");
  CHECK(out.rejects[0].ordinal == 1);
}

TEST_CASE("filter wants one kind of condition, and that it is one") {
  const auto problems = [](const BindFake::Given& options) {
    BindFake context(nodes::filter(), options, {schema_of(kFields)});
    static_cast<void>(context.bind());
    return context.problems();
  };
  CHECK_THAT(problems({{"where", value("a + b")}}),
             ContainsSubstring("a condition is wanted, and this is int64"));
  CHECK_THAT(problems({{"where", value("a > 1")}, {"column", value("a")}}),
             ContainsSubstring("both \"where\" and \"column\" are given"));
  CHECK_THAT(problems({}), ContainsSubstring("there is no condition"));
}

TEST_CASE("split sends a row to the first output whose condition holds") {
  BindFake context(nodes::split(),
                   {{"where", table({{"big", value("a > 10")},
                                     {"even", value("a % 2 = 0")},
                                     {"ratio", value("a / b = 1")}})}},
                   {schema_of(kFields)});
  const auto out =
      transformed(context, {batch_of(kFields, "12,0,\n4,0,\n5,5,\n7,2,\n9,0,\n,1,", 0)});
  CHECK(ordinals_of(out.ports.at(0)) == "0");
  CHECK(ordinals_of(out.ports.at(1)) == "1");
  CHECK(ordinals_of(out.ports.at(2)) == "2");
  // Conditions behind the one that holds are not asked: row 0 and 1 would divide by zero.
  REQUIRE(out.rejects.size() == 3);
  CHECK(out.rejects[0].reason == "division by zero in a / b = 1");
  CHECK(out.rejects[0].ordinal == 4);
  CHECK(out.rejects[1].reason == "no condition holds");
}

TEST_CASE("split gives what no condition takes to an output, or drops it") {
  const BindFake::Given conditions{{"where", table({{"one", value("a = 1")}})}};
  auto named = conditions;
  named.emplace_back("unmatched", value("rest"));
  BindFake rest(nodes::split(), named, {schema_of(kFields)});
  const auto all = transformed(rest, {batch_of(kFields, "1,,\n2,,\n,,")});
  CHECK(ordinals_of(all.ports.at(1)) == "1 2");
  auto dropped = conditions;
  dropped.emplace_back("unmatched", value("drop"));
  BindFake drop(nodes::split(), dropped, {schema_of(kFields)});
  CHECK(transformed(drop, {batch_of(kFields, "1,,\n2,,\n,,")}).filtered_rows() == 2);
}

TEST_CASE("split wants routes or conditions") {
  BindFake none(nodes::split(), {}, {schema_of(kFields)});
  static_cast<void>(none.bind());
  CHECK_THAT(none.problems(), ContainsSubstring("option \"key\" is missing"));
  BindFake both(nodes::split(), {{"where", table({{"one", value("a = 1")}})}, {"key", value("s")}},
                {schema_of(kFields)});
  static_cast<void>(both.bind());
  CHECK_THAT(both.problems(), ContainsSubstring("both \"where\" and \"key\" are given"));
}
