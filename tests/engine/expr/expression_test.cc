#include "tests/engine/expr/evaluating.h"
#include "tests/support/batches.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

TEST_CASE("an expression knows its type and the columns that it reads") {
  const auto schema = schema_of("a int64, b float64, c string");
  expr::SyntaxError error;
  const auto sum = expr::compile("a + b", {schema.get()}, error);
  REQUIRE(sum.has_value());
  CHECK(sum->type() == kFloat64);
  CHECK(sum->columns() == std::vector<std::size_t>{0, 1});
  CHECK_FALSE(sum->as_column().has_value());
  CHECK(expr::compile("c", {schema.get()}, error)->as_column() == 2);
  CHECK(expr::compile("'x'", {schema.get()}, error)->type() == kString);
  CHECK(expr::compile("1.25", {schema.get()}, error)->type() == decimal_type(3, 2));
  CHECK(expr::compile("a * 1.25", {schema.get()}, error)->type() == decimal_type(22, 2));
}

TEST_CASE("what is wrong has a place, words and a way out") {
  const auto batch = batch_of("quantity int64, unit_price float64, name string", "1,2,x");
  CHECK(evaluated("quantty > 0", *batch) ==
        "at 0: there is no column \"quantty\" (did you mean \"quantity\"?)");
  CHECK(evaluated("quantity > name", *batch) ==
        "at 9: there is no int64 > string (cast what does not fit: x::float8)");
  CHECK(evaluated("quantity and true", *batch) ==
        "at 0: a condition is wanted here, and this is int64 (compare it with something)");
  CHECK(evaluated("lenght(name)", *batch) ==
        "at 0: there is no function lenght (did you mean \"length\"?)");
  CHECK(evaluated("sum(quantity)", *batch) ==
        "at 0: there is no function sum (an aggregate node has it)");
  CHECK(evaluated("name::money", *batch).starts_with("at 4: there is no type \"money\" here"));
  CHECK(evaluated("quantity = 'abc'", *batch) == "at 9: not a whole number of 64 bits: abc");
  CHECK(evaluated("1 / 0", *batch) == "at 2: division by zero: 1, 0");
  CHECK(evaluated("now() - now()", *batch).starts_with("at 6: its values are intervals"));
}

TEST_CASE("a name without quotes finds its column in whatever letters it is written") {
  const auto batch = batch_of("Quantity int64, quantity_2 int64, a int64, A int64", "1,2,3,4");
  CHECK(evaluated("Quantity + QUANTITY_2", *batch) == "3");
  CHECK(evaluated("\"Quantity\" + a + \"A\"", *batch) == "8");
  CHECK(evaluated("A", *batch) == "3");
  CHECK(evaluated("B", *batch_of("B int64", "5")) == "5");
  CHECK(evaluated("x", *batch_of("X int64, x int64", "5,6")) == "6");
  CHECK(evaluated("ab", *batch_of("Ab int64, aB int64", "5,6")) ==
        "at 0: \"ab\" may be column \"Ab\" or \"aB\" (put the one that is meant in double quotes)");
}

TEST_CASE("a row without a value says why, with the values that it was asked of") {
  CHECK(evaluated("a / b", *batch_of("a int64, b int64", "7,2\n7,0\n,0")) ==
        "3,!division by zero: 7, 0,~");
  CHECK(evaluated("s::numeric(5, 1)", *batch_of("s string", "1.5\nx\n99999")) ==
        "1.5,!not a number: x,!out of range: 99999");
}

TEST_CASE("a number that no decimal holds is a failure, to the last digit") {
  const auto batch = batch_of("s string",
                              "99999999999999999999999999999999999999\n"
                              "170141183460469231731687303715884105727\n"
                              "170141183460469231731687303715884105728\n"
                              "-170141183460469231731687303715884105729");
  CHECK(evaluated("s::numeric(38, 0)", *batch) ==
        "99999999999999999999999999999999999999,"
        "!out of range: 170141183460469231731687303715884105727,"
        "!out of range: 170141183460469231731687303715884105728,"
        "!out of range: -170141183460469231731687303715884105729");
}

TEST_CASE("where an argument fails there is no value, though the others would do") {
  const auto batch = batch_of("n decimal(10,2), m decimal(38,0)",
                              "2.50,7\n2.50,99999999999999999999999999999999999999");
  expr::SyntaxError error;
  const auto expression = expr::compile("greatest(n, m, 1)", {&batch->schema(), kNow}, error);
  REQUIRE(expression);
  const auto values = expression->evaluate(*batch);
  REQUIRE(values.failures.size() == 1);
  CHECK(values.failures[0].row == 1);
  CHECK(values.column->is_valid(0));
  CHECK_FALSE(values.column->is_valid(1));
}

TEST_CASE("times too far away are failures") {
  const auto batch = batch_of("d date, t timestamp, n int64",
                              "2026-01-31,2026-01-31T10:00:00,-9223372036854775808");
  CHECK(evaluated("d - n", *batch).starts_with("!out of range"));
  CHECK(evaluated("d + 2000000000 - interval '1 day'", *batch).starts_with("!out of range"));
  CHECK(evaluated("t + interval '1 year' * 292000", *batch).starts_with("294026-01-31T10:00:00"));
  CHECK(evaluated("t - interval '1 year' * 293000", *batch).starts_with("!out of range"));
  CHECK(evaluated("date_trunc('millennium', t - interval '1 year' * 292200)", *batch)
            .starts_with("!out of range"));
}

TEST_CASE("any number of characters can be asked for") {
  const auto batch =
      batch_of("s string, n int64", "abc,9223372036854775807\nabc,-9223372036854775808");
  CHECK(evaluated("left(s, n)", *batch) == "abc,");
  CHECK(evaluated("right(s, n)", *batch) == "abc,");
  CHECK(evaluated("substr(s, n)", *batch) == ",abc");
}

TEST_CASE("the decimals to keep may be of any whole number") {
  CHECK(evaluated("round(7 & 3, 1)") == "3.0");
  CHECK(evaluated("trunc(7, 0)") == "7");
}

TEST_CASE("a branch that is not taken does not fail") {
  const auto batch = batch_of("a int64, b int64", "6,2\n6,0");
  CHECK(evaluated("case when b <> 0 then a / b else -1 end", *batch) == "3,-1");
  CHECK(evaluated("b <> 0 and a / b > 1", *batch) == "true,false");
  CHECK(evaluated("coalesce(nullif(b, 0), a / b)", *batch) == "2,!division by zero: 6, 0");
  CHECK(evaluated("case when a > 0 then 1 else 1 / 0 end", *batch) == "1,1");
}

TEST_CASE("now is one moment, parameters are values and never text") {
  CHECK(evaluated("now()") == "2026-07-15T10:20:30Z");
  CHECK(evaluated("current_date - 1") == "2026-07-14");
  const auto batch = batch_of("s string, n int64", "a' or true --,1\nb,2");
  const auto text = batch_of("p string", "a' or true --")->columns()[0];
  const auto number = batch_of("p int64", "2")->columns()[0];
  CHECK(evaluated("s = $1", *batch, {text}) == "true,false");
  CHECK(evaluated("n >= $2 or s = $1", *batch, {text, number}) == "true,true");
  CHECK(evaluated("n = $3", *batch, {text, number}) ==
        "at 4: $3 stands for nothing (name a parameter: ${name})");
}

TEST_CASE("dictionary-encoded columns give the same answers as plain ones") {
  const auto plain = batch_of("s string, n int64", "ab,1\ncd,2\nab,3\n,4");
  const auto coded = with_dictionary(*plain, "s", 7);
  for (const auto* expression : {"upper(s)", "s = 'ab'", "coalesce(s, 'none')", "s in ('cd')",
                                 "case when n > 1 then s end", "s || n", "greatest(s, 'b')"}) {
    INFO(expression);
    CHECK(evaluated(expression, *coded) == evaluated(expression, *plain));
  }
}

TEST_CASE("no rows and one row are rows like any other") {
  const auto none = slice(*batch_of("a int64", "1"), 0, 0);
  CHECK(evaluated("a + 1", *none).empty());
  CHECK(evaluated("case when a > 0 then 'x' end", *none).empty());
  CHECK(evaluated("7", *batch_of("a int64", "1\n2\n3")) == "7,7,7");
}
