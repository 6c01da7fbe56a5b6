// How rows that came are paired with rows that a test expects.
#include "tools/flowrun/test_match.h"
#include "tests/support/batches.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::command;
using namespace flowrun::testing;
using Lines = std::vector<std::string>;

namespace {

ExpectedCell is(const std::string& text) {
  return {.kind = ExpectedCell::Kind::value, .text = text};
}

ExpectedCell like(const std::string& text) {
  return {.kind = ExpectedCell::Kind::matches,
          .text = text,
          .expression = std::make_shared<const std::regex>(text)};
}

const ExpectedCell kNull{};
const ExpectedCell kAny{.kind = ExpectedCell::Kind::any};

Lines compare(std::vector<std::vector<ExpectedCell>> expected, const ActualRows& actual,
              bool ordered = false) {
  const auto schema = schema_of("a string, b string");
  return differences({.columns = {0, 1}, .rows = std::move(expected)}, actual, *schema, ordered);
}

}  // namespace

TEST_CASE("rows are paired so that as many as possible agree") {
  // The first matcher would take the only row that the second one accepts.
  CHECK(compare({{like("x"), kAny}, {like("xy"), kAny}}, {{"xy", "1"}, {"x", "2"}}) == Lines{});
  CHECK(compare({{kAny, kAny}, {is("x"), is("1")}}, {{"x", "1"}, {"z", "2"}}) == Lines{});
  CHECK(compare({{kAny, is("1")}, {like("x"), kAny}, {is("x"), is("1")}},
                {{"x", "1"}, {"x", "1"}, {"q", "1"}}) == Lines{});
}

TEST_CASE("null and an empty text are two things") {
  CHECK(compare({{kNull, is("")}}, {{std::nullopt, ""}}) == Lines{});
  CHECK(compare({{is(""), is("1")}}, {{std::nullopt, "1"}}) ==
        Lines{"row 1: a is null, expected "});
}

TEST_CASE("equal rows count as often as they come") {
  CHECK(compare({{is("x"), is("1")}, {is("x"), is("1")}}, {{"x", "1"}}) ==
        Lines{"row 2 is missing: a = x, b = 1"});
  CHECK(compare({{is("x"), is("1")}}, {{"x", "1"}, {"x", "1"}}) ==
        Lines{"unexpected row: a = x, b = 1"});
}

TEST_CASE("the order counts only where it is asked for") {
  const std::vector<std::vector<ExpectedCell>> expected{{is("x"), is("1")}, {is("y"), is("2")}};
  const ActualRows actual{{"y", "2"}, {"x", "1"}};
  CHECK(compare(expected, actual) == Lines{});
  CHECK(compare(expected, actual, true) ==
        Lines{"row 1: a is y, expected x", "row 1: b is 2, expected 1", "row 2: a is x, expected y",
              "row 2: b is 1, expected 2"});
}

TEST_CASE("of many differences the first fifty are told, and how many there are") {
  std::vector<std::vector<ExpectedCell>> expected(80, {is("x"), is("1")});
  const auto lines = compare(expected, {});
  REQUIRE(lines.size() == 51);
  CHECK(lines.back() == "… and 30 more");
}
