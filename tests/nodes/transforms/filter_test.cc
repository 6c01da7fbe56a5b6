#include <cmath>

#include "nodes/catalog.h"
#include "tests/support/catch.h"
#include "tests/support/run_node.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

const char* const kFields =
    "i int64, f float64, d decimal(6,2), s string, b bool, day date, t timestamp, z timestamptz, n "
    "int64";

/// Which of the rows 0, 1, … of one column stay: "0 2".
std::string kept(const std::string& column, const std::string& type, const std::string& rows,
                 const std::string& op, const OptionValue& constant) {
  const auto batch = batch_of(column + " " + type + ", n int64", rows);
  BindFake context(nodes::filter(),
                   {{"column", value(column)}, {"op", value(op)}, {"value", constant}},
                   {batch->schema_ref()});
  const auto out = transformed(context, {batch});
  CHECK(out.filtered_rows() == batch->rows() - out.emitted_rows());
  const auto by_ordinal = out.ports.empty() ? std::string() : ordinals_of(out.ports[0]);
  if (type == "string") {
    const auto encoded = transformed(context, {with_dictionary(*batch, column, 9)});
    CHECK((encoded.ports.empty() ? std::string() : ordinals_of(encoded.ports[0])) == by_ordinal);
  }
  return by_ordinal;
}

std::string problems_of(const BindFake::Given& options) {
  BindFake context(nodes::filter(), options, {schema_of(kFields)});
  (void)context.bind();
  return context.problems();
}

}  // namespace

TEST_CASE("each relation keeps its rows, and null is in none of them") {
  const std::string rows = "1,\n2,\n3,\n,\n2,";
  CHECK(kept("a", "int64", rows, "=", value(2)) == "1 4");
  CHECK(kept("a", "int64", rows, "!=", value(2)) == "0 2");
  CHECK(kept("a", "int64", rows, "<", value(2)) == "0");
  CHECK(kept("a", "int64", rows, "<=", value(2)) == "0 1 4");
  CHECK(kept("a", "int64", rows, ">", value(2)) == "2");
  CHECK(kept("a", "int64", rows, ">=", value(2)) == "1 2 4");
  CHECK(kept("a", "int64", rows, "in", list_of({value(1), value(3)})) == "0 2");
  CHECK(kept("a", "int64", rows, "not_in", list_of({value(1), value(3)})) == "1 4");
}

TEST_CASE("columns without nulls take the fast way to the same rows") {
  const std::string rows = "1,\n2,\n3,\n2,";
  CHECK(kept("a", "int64", rows, "=", value(2)) == "1 3");
  CHECK(kept("a", "int64", rows, "!=", value(2)) == "0 2");
  CHECK(kept("a", "int64", rows, "<", value(2)) == "0");
  CHECK(kept("a", "int64", rows, "<=", value(2)) == "0 1 3");
  CHECK(kept("a", "int64", rows, ">", value(2)) == "2");
  CHECK(kept("a", "int64", rows, ">=", value(2)) == "1 2 3");
  CHECK(kept("a", "int64", rows, "in", list_of({value(1), value(3)})) == "0 2");
}

TEST_CASE("NaN equals itself and is larger than any other number, with nulls about and without") {
  for (const std::string tail : {"", "\n,"}) {
    const auto rows = "1,\nnan,\n-inf,\n2.5," + tail;
    CHECK(kept("a", "float64", rows, ">", value(2)) == "1 3");
    CHECK(kept("a", "float64", rows, ">=", value(2.5)) == "1 3");
    CHECK(kept("a", "float64", rows, "<", value(2.5)) == "0 2");
    CHECK(kept("a", "float64", rows, "!=", value(1)) == "1 2 3");
    CHECK(kept("a", "float64", rows, "=", value(std::nan(""))) == "1");
    CHECK(kept("a", "float64", rows, "<", value(std::nan(""))) == "0 2 3");
  }
}

TEST_CASE("constants are read as the column's type") {
  CHECK(kept("a", "decimal(6,2)", "1.50,\n2,\n1.5,", "=", value(1.5)) == "0 2");
  CHECK(kept("a", "decimal(6,2)", "1.50,\n2,", "=", value("1.50")) == "0");
  CHECK(kept("a", "string", "b,\na,\n\"\",\n,\nba,", ">=", value("b")) == "0 4");
  CHECK(kept("a", "string", "b,\na,\n\"\",\n,\nb,", "in", list({"b", ""})) == "0 2 4");
  CHECK(kept("a", "bool", "true,\nfalse,\n,", "=", value(false)) == "1");
  CHECK(kept("a", "date", "2024-01-01,\n2024-01-02,", ">", value("2024-01-01")) == "1");
  CHECK(kept("a", "timestamp", "2024-01-01T10:00:00,\n2024-01-01T10:00:01,",
             "<=", value("2024-01-01 10:00")) == "0");
  CHECK(kept("a", "timestamptz", "2024-01-01T10:00:00Z,\n2024-01-01T10:00:01Z,", "=",
             value("2024-01-01T12:00:00+02:00")) == "0");
  CHECK(kept("a", "bytes", "00ff,\nab,", "=", value("ab")) == "1");
}

TEST_CASE("is_null and is_not_null look at nothing else") {
  const auto batch = batch_of("a string, n int64", "x,1\n,2\n\"\",3");
  BindFake nulls(nodes::filter(), {{"column", value("a")}, {"op", value("is_null")}},
                 {batch->schema_ref()});
  CHECK(transformed(nulls, {batch}).csv() == ",2\n");
  CHECK(transformed(nulls, {with_dictionary(*batch, "a", 1)}).csv() == ",2\n");
  BindFake others(nodes::filter(), {{"column", value("a")}, {"op", value("is_not_null")}},
                  {batch->schema_ref()});
  CHECK(transformed(others, {batch}).csv() == "x,1\n\"\",3\n");
}

TEST_CASE(
    "a batch of which all is kept passes as it is, and one of which nothing is leaves nothing") {
  const auto batch = batch_of("a int64", "1\n2");
  BindFake all(nodes::filter(), {{"column", value("a")}, {"op", value(">")}, {"value", value(0)}},
               {batch->schema_ref()});
  CHECK(transformed(all, {batch}).ports.at(0).at(0) == batch);
  BindFake none(nodes::filter(), {{"column", value("a")}, {"value", value(0)}},
                {batch->schema_ref()});
  const auto out = transformed(none, {batch, batch_of("a int64", "")});
  CHECK(out.emitted_rows() == 0);
  CHECK(out.filtered_rows() == 2);
  CHECK(all.bind().outputs.at(0).unchanged_from ==
        std::vector<std::optional<std::size_t>>{std::size_t{0}});
}

TEST_CASE("what is wrong with a filter is said") {
  const auto wrong = [](const char* column, const OptionValue& constant) {
    return problems_of({{"column", value(column)}, {"value", constant}});
  };
  CHECK(wrong("i", value("x")) == "error wrong-type: column \"i\" is int64; the value is not\n");
  CHECK(wrong("i", value(1.5)) == "error wrong-type: column \"i\" is int64; the value is not\n");
  CHECK(wrong("s", value(1)) ==
        "error wrong-type: column \"s\" is string; the value is not; write it as a string\n");
  CHECK(wrong("z", value(1)) ==
        "error wrong-type: column \"z\" is timestamptz; the value is not; write it as a string\n");
  CHECK(wrong("z", value("noon")) ==
        "error wrong-type: column \"z\" is timestamptz; the value is not\n");
  CHECK(wrong("b", value(1)) == "error wrong-type: column \"b\" is bool; the value is not\n");
  CHECK(wrong("d", value("1.234")) ==
        "error wrong-type: column \"d\" is decimal(6,2); the value is not\n");
  CHECK(wrong("i", list_of({value(1)})) ==
        "error wrong-type: \"=\" takes one value, not a list; for a list there are \"in\" and "
        "\"not_in\"\n");
  CHECK(problems_of({{"column", value("i")}, {"op", value("in")}, {"value", value(1)}}) ==
        "error wrong-type: \"in\" takes a list\n");
  CHECK(problems_of({{"column", value("i")}, {"op", value("in")}, {"value", list_of({})}}) ==
        "error wrong-type: the list is empty\n");
  CHECK(problems_of({{"column", value("i")},
                     {"op", value("in")},
                     {"value", list_of({value(1), value("a"), value(true)})}}) ==
        "error wrong-type: column \"i\" is int64; the value is not\n"
        "error wrong-type: column \"i\" is int64; the value is not\n");
  CHECK(problems_of({{"column", value("i")}}) == "error missing-option: \"=\" needs a value\n");
  CHECK(problems_of({{"column", value("i")}, {"op", value("is_null")}, {"value", value(1)}}) ==
        "error useless-option: \"is_null\" takes no value\n");
}
