#include "nodes/catalog.h"
#include "tests/support/catch.h"
#include "tests/support/run_node.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

const char* const kFields = "quantity int64, unit_price decimal(10,2), name string";

BindFake derive_of(const std::vector<std::pair<std::string, std::string>>& columns,
                   const char* fields = kFields) {
  OptionValue::Table entries;
  for (const auto& [name, text] : columns) entries.emplace_back(name, value(text));
  return {nodes::derive(), {{"columns", table(entries)}}, {schema_of(fields)}};
}

}  // namespace

TEST_CASE("derived columns stand behind the others, replaced ones in their place") {
  auto context = derive_of({{"revenue", "quantity * unit_price"},
                            {"name", "upper(name)"},
                            {"label", "name || '/' || quantity"}});
  const auto out = transformed(context, {batch_of(kFields, "3,1.50,a\n-2,0.25,b\n,1,c")});
  CHECK(to_string(out.ports.at(0).at(0)->schema()) ==
        "quantity int64, unit_price decimal(10,2), name string, revenue decimal(29,2), label "
        "string");
  CHECK(out.csv() == "3,1.50,A,4.50,a/3\n-2,0.25,B,-0.50,b/-2\n,1.00,C,,\n");
  CHECK(out.rejects.empty());
}

TEST_CASE("a row that an expression has no value for is a reject, once") {
  auto context = derive_of({{"share", "100 / quantity"}, {"number", "name::int"}});
  const auto out =
      transformed(context, {batch_of(kFields, "4,1,7\n0,1,8\n5,1,x\n0,1,y\n2,1,9", 10)});
  CHECK(out.csv() == "4,1.00,7,25,7\n2,1.00,9,50,9\n");
  REQUIRE(out.rejects.size() == 3);
  CHECK(out.rejects[0].reason == "division by zero in 100 / quantity");
  CHECK(out.rejects[0].column == "share");
  CHECK(out.rejects[0].value == "100, 0");
  CHECK(out.rejects[0].ordinal == 11);
  CHECK(out.rejects[0].record == R"({"quantity":0,"unit_price":1.00,"name":"8"})");
  CHECK(out.rejects[1].ordinal == 13);
  CHECK(out.rejects[2].reason == "not a whole number of 64 bits in name::int");
  CHECK(out.rejects[2].value == "x");
  CHECK(out.rejects[2].ordinal == 12);
}

TEST_CASE("a batch whose every row fails emits nothing") {
  auto context = derive_of({{"share", "1 / quantity"}});
  const auto out = transformed(context, {batch_of(kFields, "0,1,a\n0,1,b")});
  CHECK(out.ports.empty());
  CHECK(out.rejects.size() == 2);
}

TEST_CASE("a renamed column is known to be the one that it was") {
  auto context = derive_of({{"again", "name"}, {"more", "quantity + 1"}});
  const auto binding = context.bind();
  CHECK(binding.outputs.at(0).unchanged_from ==
        std::vector<std::optional<std::size_t>>{std::size_t{0}, std::size_t{1}, std::size_t{2},
                                                std::size_t{2}, std::nullopt});
}

TEST_CASE("all mistakes in expressions are reported") {
  auto context = derive_of({{"a", "quantty + 1"}, {"b", "name +"}, {"c", "interval '1 day'"}});
  static_cast<void>(context.bind());
  CHECK_THAT(context.problems(), ContainsSubstring("there is no column \"quantty\"") &&
                                     ContainsSubstring("something is missing at the end") &&
                                     ContainsSubstring("its values are intervals"));
}
