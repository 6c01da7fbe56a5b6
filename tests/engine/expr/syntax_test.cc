#include "engine/expr/syntax.h"

#include <string>

#include "tests/engine/expr/evaluating.h"
#include "tests/support/catch.h"

using namespace flowrun;
using Catch::Matchers::ContainsSubstring;
using flowrun::expr::SyntaxError;

namespace {

std::string refused(const std::string& text) {
  SyntaxError error;
  const auto found = expr::parse_expression(text, error);
  return found ? "taken" : std::to_string(error.at) + ": " + error.message;
}

}  // namespace

TEST_CASE("one expression and nothing else") {
  CHECK(refused("a + b") == "taken");
  CHECK(refused("a = 1 and") == "9: something is missing at the end");
  CHECK(refused("") == "0: something is missing at the end");
  CHECK(refused("'x'; drop table x") == "3: syntax error at or near \";\"");
  CHECK(refused("1); drop table x; select (1") ==
        "0: there must be one expression and nothing else");
  CHECK(refused("a), (b") == "0: there must be one expression and nothing else");
  CHECK(refused("1) from t where (true") == "0: there must be one expression and nothing else");
  CHECK(refused("a -- comment") == "taken");
  CHECK(refused("a b") == "2: syntax error at or near \"b\"");
  CHECK(refused("\"é\" + + ") == "9: something is missing at the end");
}

TEST_CASE("what is not supported is named") {
  CHECK_THAT(refused("(select 1)"), ContainsSubstring("a subquery cannot stand in an expression"));
  CHECK_THAT(refused("sum(a) over ()"), ContainsSubstring("window functions are not supported"));
  CHECK_THAT(refused("array[1, 2]"), ContainsSubstring("arrays are not supported"));
  CHECK_THAT(refused("t.a"), ContainsSubstring("a column has one name"));
  CHECK_THAT(refused("a similar to 'x'"), ContainsSubstring("\"similar to\" is not supported"));
  CHECK_THAT(refused("a = any(b)"), ContainsSubstring("\"any\" and \"all\" are not supported"));
  CHECK_THAT(refused("a collate \"C\""), ContainsSubstring("collations are not supported"));
  CHECK_THAT(refused("b'101'"), ContainsSubstring("bit strings are not supported"));
  CHECK_THAT(refused("*"), ContainsSubstring("\"*\""));
}

TEST_CASE("texts that are too long or too deep are refused before anything overflows") {
  std::string chain = "1";
  for (int i = 0; i < 100'000; ++i) chain += " + 1";
  CHECK_THAT(refused(chain), ContainsSubstring("at most 16384 bytes"));
  std::string sum = "1";
  for (int i = 0; i < 300; ++i) sum += " + 1";
  CHECK_THAT(refused(sum), ContainsSubstring("nested too deeply"));
  CHECK_THAT(refused(std::string(500, '(') + "1" + std::string(500, ')')),
             !ContainsSubstring("crash"));
  CHECK_THAT(refused(std::string("a\0b", 3)), ContainsSubstring("zero byte"));
}

TEST_CASE("a target has a name where one is given") {
  SyntaxError error;
  const auto named = expr::parse_target("sum(quantity * unit_price) as revenue", error);
  REQUIRE(named.has_value());
  CHECK(named->name == "revenue");
  CHECK(named->syntax.name == "sum");
  CHECK(named->syntax.args.at(0).name == "*");
  CHECK(expr::parse_target("count(*)", error)->name.empty());
  CHECK(expr::parse_target("count(distinct a)", error)->syntax.distinct);
  CHECK(expr::parse_target("a as \"two words\" ", error)->name == "two words");
  CHECK(expr::parse_target("(a)As b", error)->name == "b");
  CHECK_FALSE(expr::parse_target("a = 1 and", error).has_value());
  CHECK(error.message == "something is missing at the end");
  CHECK_FALSE(expr::parse_target("a b", error).has_value());
  CHECK_FALSE(expr::parse_target("a, b", error).has_value());
  CHECK_FALSE(expr::parse_target("a as x from t", error).has_value());
}
