#include "nodes/catalog.h"
#include "tests/support/catch.h"
#include "tests/support/run_node.h"

using namespace flowrun;
using namespace flowrun::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

const char* const kFields =
    "dev string, n int64, price decimal(10,2), speed float64, good bool, day date, at "
    "timestamptz";

BindFake aggregate_of(const std::vector<std::string>& by, const std::vector<std::string>& values,
                      const std::string& fields = kFields) {
  return {nodes::aggregate(), {{"by", list(by)}, {"values", list(values)}}, {schema_of(fields)}};
}

/// What is made of `rows` without keys; in whatever batches they come.
std::string of_all(const std::string& fields, const std::vector<std::string>& values,
                   const std::string& rows) {
  auto context = aggregate_of({}, values, fields);
  const auto batch = batch_of(fields, rows);
  const auto out = accumulated(context, cut(batch, 2), 2);
  CHECK(out.rejects.empty());
  return out.csv();
}

std::string problems_of(const std::vector<std::string>& by,
                        const std::vector<std::string>& values) {
  auto context = aggregate_of(by, values);
  (void)context.bind();
  return context.problems();
}

const char* const kRows = R"(
    x,3,1.50,2.5,true,2024-01-01,2024-01-01T10:20:00Z
    y,,,,,,
    x,5,2.25,-1,false,2024-01-03,2024-01-01T10:50:00Z
    ,7,1,1,true,2024-01-02,2024-01-01T11:00:00Z
    y,4,0.10,,,2023-12-31,2024-01-01T11:30:00Z
    x,3,,10,true,,
)";

}  // namespace

TEST_CASE("one row for each group, in order of first appearance; null is a key") {
  auto context = aggregate_of(
      {"dev"}, {"count(*)", "count(n) as ns", "sum(n)", "avg(price)", "min(speed)", "max(day)"});
  const auto out = accumulated(context, cut(batch_of(kFields, kRows, 100), 2));
  CHECK(to_string(out.ports.at(0).at(0)->schema()) ==
        "dev string, count int64, ns int64, sum int64, avg decimal(38,16), min float64, max date");
  CHECK(out.csv() ==
        "x,3,3,11,1.8750000000000000,-1,2024-01-03\n"
        "y,2,1,4,0.1000000000000000,,2023-12-31\n"
        ",1,1,7,1.0000000000000000,1,2024-01-02\n");
  CHECK(ordinals_of(out.ports[0]) == "100 101 103");
  CHECK(out.absorbed_rows() == 6);
  CHECK(out.made_rows() == 3);
}

TEST_CASE("groups by expressions") {
  auto context = aggregate_of({"date_trunc('hour', at) as hour", "n > 4 as big"}, {"count(*)"});
  const auto out = accumulated(context, {batch_of(kFields, kRows)});
  CHECK(out.csv() ==
        "2024-01-01T10:00:00Z,false,1\n,,1\n2024-01-01T10:00:00Z,true,1\n"
        "2024-01-01T11:00:00Z,true,1\n2024-01-01T11:00:00Z,false,1\n,false,1\n");
  CHECK(context.bind().outputs.at(0).unchanged_from ==
        std::vector<std::optional<std::size_t>>(3, std::nullopt));
}

TEST_CASE("a key that is a column is known to be that column") {
  auto context = aggregate_of({"day", "dev as device"}, {"max(n)"});
  const auto binding = context.bind();
  CHECK(binding.outputs.at(0).unchanged_from ==
        std::vector<std::optional<std::size_t>>{std::size_t{5}, std::size_t{0}, std::nullopt});
  CHECK_FALSE(binding.needs_order);
  auto ordered = aggregate_of({}, {"first(n)"});
  CHECK(ordered.bind().needs_order);
}

TEST_CASE("without keys all rows are one group, even where there is none") {
  const std::vector<std::string> values{
      "count(*)",       "count(n) as n", "count(distinct n) as kinds",
      "sum(n)",         "avg(speed)",    "min(dev)",
      "max(price)",     "first(day)",    "last(good)",
      "quantile(n, 1)", "stddev(n)",     "variance(speed)",
      "bool_and(good)", "bool_or(good)"};
  auto context = aggregate_of({}, values);
  const auto none = accumulated(context, {});
  CHECK(none.csv() == "0,0,0,,,,,,,,,,,\n");
  CHECK(none.made_rows() == 1);
  const auto empty = accumulated(context, {batch_of(kFields, "")});
  CHECK(empty.csv() == none.csv());
  const auto nulls = accumulated(context, {batch_of(kFields, ",,,,,,\n,,,,,,")});
  CHECK(nulls.csv() == "2,0,0,,,,,,,,,,,\n");
  auto keyed = aggregate_of({"dev"}, values);
  CHECK(accumulated(keyed, {}).csv().empty());
}

TEST_CASE("sums and averages") {
  // PostgreSQL: select sum(x), avg(x) from (values …)
  CHECK(of_all("x int64", {"sum(x)", "avg(x)"}, "1\n2\n2\n\n") == "5,1.6666666666666667\n");
  CHECK(of_all("x int64", {"sum(x)", "avg(x)"}, "-1\n-2\n-2") == "-5,-1.6666666666666667\n");
  CHECK(of_all("x int64", {"avg(x)"}, "9223372036854775807\n9223372036854775806\n") ==
        "9223372036854775806.5000000000000000\n");
  CHECK(of_all("x decimal(10,3)", {"sum(x)", "avg(x)"}, "0.100\n0.200\n0.005") ==
        "0.305,0.1016666666666667\n");
  CHECK(of_all("x float64", {"sum(x)", "avg(x)"}, "0.5\n0.25\n") == "0.75,0.375\n");
  CHECK(of_all("x float64", {"sum(x)"}, "inf\n1\n") == "inf\n");
  CHECK(of_all("x float64", {"sum(x)", "avg(x)"}, "inf\n-inf\n") == "nan,nan\n");
  CHECK(of_all("x float64", {"sum(x)"}, "nan\n1\n") == "nan\n");
}

TEST_CASE("a sum of doubles is the exact one, rounded once") {
  // Python: math.fsum
  std::string tenths;
  for (int i = 0; i < 10; ++i) tenths += "0.1\n";
  CHECK(of_all("x float64", {"sum(x)"}, tenths) == "1\n");
  CHECK(of_all("x float64", {"sum(x)"}, "1e308\n1\n1e308\n-1e308\n-1e308\n1e-300\n") == "1\n");
  CHECK(of_all("x float64", {"sum(x)"}, "1e16\n1\n-1e16\n1e-10\n") == "1.0000000001\n");
  CHECK(of_all("x float64", {"sum(x)"}, "5e-324\n5e-324\n1e-310\n") == "1.0000000000001e-310\n");
  CHECK(of_all("x float64", {"avg(x)"}, "1.7e308\n1.7e308\n") == "1.7e+308\n");
}

TEST_CASE("a group whose sum leaves its type is a reject, and no other") {
  const auto rows = batch_of("k string, n int64, d decimal(38,0), f float64",
                             "a,9223372036854775807,1,1\n"
                             "b,1,99999999999999999999999999999999999999,1\n"
                             "c,9223372036854775807,1,1\n"
                             "a,1,1,1\n"
                             "b,1,99999999999999999999999999999999999999,1\n"
                             "d,1,1,1.7e308\nd,1,1,1.7e308\n"
                             "c,-1,1,1",
                             10);
  for (const std::int64_t size : {1, 20}) {
    auto context = aggregate_of({"k"}, {"sum(n)", "sum(d) as d", "sum(f) as f", "max(d)"},
                                "k string, n int64, d decimal(38,0), f float64");
    const auto out = accumulated(context, cut(rows, size), 3);
    CHECK(out.csv() == "c,9223372036854775806,2,2,1\n");
    CHECK(out.rejected() ==
          "sum: the sum is outside int64: 9223372036854775808\n"
          "d: the sum is outside decimal(38,0): about 2e+38\n"
          "f: the sum is outside float64: above 1.7976931348623157e+308\n");
    REQUIRE(out.rejects.size() == 3);
    CHECK(out.rejects[0].ordinal == 10);
    CHECK(out.rejects[0].record == R"({"k":"a","sum":null,"d":2,"f":2,"max":1})");
    CHECK(out.absorbed_rows() == 8 - 3);
    CHECK(out.accounted_rows() == 8);
  }
}

TEST_CASE("decimal sums beyond 128 bits come back, and their averages are exact") {
  const std::string most(38, '9');
  CHECK(of_all("d decimal(38,0)", {"sum(d)"},
               most + "\n" + most + "\n" + most + "\n-" + most + "\n-" + most + "\n-1\n") ==
        std::string(37, '9') + "8\n");
  CHECK(of_all(
            "d decimal(38,20)", {"avg(d)"},
            "900000000000000000.00000000000000000001\n900000000000000000.00000000000000000002\n") ==
        "900000000000000000.00000000000000000002\n");
  auto context = aggregate_of({}, {"avg(d)"}, "d decimal(38,0)");
  const auto out = accumulated(context, {batch_of("d decimal(38,0)", most + "\n" + most)});
  CHECK(out.rejected() == "avg: the average is outside decimal(38,16): about 1e+38\n");
}

TEST_CASE("the least and the greatest") {
  CHECK(of_all("x string", {"min(x)", "max(x)"}, "b\nabc\nbb\n\"\"\n\n") == "\"\",bb\n");
  CHECK(of_all("x float64", {"min(x)", "max(x)"}, "1\n-2.5\nnan\n") == "-2.5,nan\n");
  CHECK(of_all("x float64", {"min(x)", "max(x)"}, "-0.0\n0.0\n") == "-0,0\n");
  CHECK(of_all("x float64", {"min(x)", "max(x)"}, "0.0\n-0.0\n") == "-0,0\n");
  CHECK(of_all("x decimal(5,1)", {"min(x)", "max(x)"}, "1.5\n-2.5\n0.0") == "-2.5,1.5\n");
  CHECK(of_all("x int64", {"min(x)", "max(x)"}, "9223372036854775807\n-9223372036854775808") ==
        "-9223372036854775808,9223372036854775807\n");
  CHECK(of_all("x timestamp", {"min(x)"}, "2024-01-01T00:00:01\n1969-12-31T00:00:00") ==
        "1969-12-31T00:00:00\n");
  CHECK(of_all("x bytes", {"max(x)"}, "00ff\n7f\n") == "7f\n");
  CHECK(of_all("x bool", {"bool_and(x)", "bool_or(x)"}, "true\nfalse\n\n") == "false,true\n");
  CHECK(of_all("x bool", {"bool_and(x)", "bool_or(x)"}, "true\ntrue\n\n") == "true,true\n");
}

TEST_CASE("first and last go by the order of the input; nulls are passed over") {
  const auto early = batch_of("x string", "\na\nlonger text than that before", 0);
  const auto late = batch_of("x string", "b\nz\n\n", 10);
  for (const auto& parts : {std::vector{early, late}, std::vector{late, early}}) {
    auto context = aggregate_of({}, {"first(x)", "last(x)"}, "x string");
    CHECK(accumulated(context, parts).csv() == "a,z\n");
  }
}

TEST_CASE("rows with one ordinal: the values decide, never the batches") {
  const auto at_seven = [](const std::string& rows) {
    auto batch = batch_of("k string, x int64", rows);
    auto values = Buffer::allocate(static_cast<std::size_t>(batch->rows()) * 8);
    for (std::int64_t i = 0; i < batch->rows(); ++i) values->mutable_as<std::uint64_t>()[i] = 7;
    return with_ordinals(*batch, Ordinals{.values = values});
  };
  const auto a = at_seven("k,3\nq,9\nm,1");
  const auto b = at_seven("m,2\nk,1\n,4\nk,2\nb,8");
  for (const auto& parts : {std::vector{a, b}, std::vector{b, a}}) {
    auto context = aggregate_of({"k"}, {"first(x)", "last(x)"}, "k string, x int64");
    CHECK(accumulated(context, parts).csv() == "b,8,8\nk,1,3\nm,1,2\nq,9,9\n,4,4\n");
  }
}

TEST_CASE("different values of each type") {
  CHECK(of_all("x float64", {"count(distinct x)"}, "0.0\n-0.0\nnan\nnan\n1\n\n") == "3\n");
  CHECK(of_all("x string", {"count(distinct x)"}, "a\n\"\"\na\nab\n\n") == "3\n");
  CHECK(of_all("x decimal(20,2)", {"count(distinct x)"}, "1\n1.00\n2\n\n") == "2\n");
  CHECK(of_all("x date", {"count(distinct x)"}, "2024-01-01\n2024-01-01\n2024-01-02\n") == "2\n");
  CHECK(of_all("x bool", {"count(distinct x)"}, "true\ntrue\n\n") == "1\n");
}

TEST_CASE("quantiles lie between two values in proportion") {
  // PostgreSQL: select percentile_cont(p) within group (order by x)
  CHECK(of_all("x int64", {"quantile(x, 0.5)"}, "4\n1\n3\n2\n") == "2.5\n");
  CHECK(of_all("x int64", {"quantile(x, 0.95)"}, "10\n20\n30\n40\n50\n") == "48\n");
  CHECK(of_all("x float64",
               {"quantile(x, 0) as least", "quantile(x, 0.25) as q", "quantile(x, 1) as most"},
               "5\n-1\n\n2\n7\n9\n") == "-1,2,9\n");
  CHECK(of_all("x decimal(10,2)", {"quantile(x, 1/2::numeric)  as median"}, "1.50\n2.50\n") ==
        "2\n");
  CHECK(of_all("x float64", {"quantile(x, 0.5)"}, "inf\ninf\n") == "inf\n");
}

TEST_CASE("spread of a sample") {
  // PostgreSQL: stddev_samp and var_samp; Python's statistics over fractions for the last ones
  CHECK(of_all("x int64", {"stddev(x)", "variance(x)"}, "2\n4\n4\n4\n5\n5\n7\n9\n") ==
        "2.138089935299395,4.571428571428571\n");
  CHECK(of_all("x int64", {"stddev(x)"}, "5\n\n") == "\n");
  CHECK(of_all("x decimal(20,4)", {"variance(x)"},
               "1000000000.0001\n1000000000.0002\n"
               "1000000000.0003\n") == "0.00000001\n");
  CHECK(of_all("x float64", {"variance(x)"}, "1000000000.25\n1000000000.5\n1000000000.75\n") ==
        "0.0625\n");
  CHECK(of_all("x float64", {"stddev(x)"}, "1e-170\n3e-170\n1e200\n1e200\n") ==
        "5.773502691896257e+199\n");
  auto context = aggregate_of({}, {"variance(x)"}, "x float64");
  CHECK(accumulated(context, {batch_of("x float64", "1e200\n-1e200\n")}).rejected() ==
        "variance: the variance is outside float64: above 1.7976931348623157e+308\n");
  CHECK(of_all("x float64", {"stddev(x)"}, "1\ninf\n") == "nan\n");
  CHECK(of_all("x decimal(38,0)", {"stddev(x)"},
               std::string(38, '9') + "\n-" + std::string(38, '9') + "\n") ==
        "1.4142135623730951e+38\n");
}

TEST_CASE("a row that a key or an argument has no value for is a reject, once") {
  auto context =
      aggregate_of({"100 / n as share"}, {"sum(dev::int) as devs", "avg(dev::int) as mean"});
  const auto out = accumulated(
      context, {batch_of(kFields, "1,4,,,,,\n2,0,,,,,\nx,4,,,,,\ny,0,,,,,\n5,4,,,,,", 10)});
  CHECK(out.csv() == "25,6,3.0000000000000000\n");
  CHECK(out.rejected() ==
        "share: division by zero in 100 / n as share: 100, 0\n"
        "share: division by zero in 100 / n as share: 100, 0\n"
        "devs: not a whole number of 64 bits in sum(dev::int) as devs: x\n");
  CHECK(out.accounted_rows() == 5);
}

TEST_CASE("what is no aggregate is told, and what to write instead") {
  CHECK_THAT(
      problems_of({}, {"sum(n) / count(*) as share"}),
      ContainsSubstring("an aggregate stands alone, and sum is part of an expression here") &&
          ContainsSubstring("derive what is made of them afterwards"));
  CHECK_THAT(problems_of({}, {"n"}), ContainsSubstring("column \"n\" has many values in a group") &&
                                         ContainsSubstring("group by it, or say which: first(n)"));
  CHECK_THAT(problems_of({}, {"n + 1 as m"}), ContainsSubstring("this is no aggregate"));
  CHECK_THAT(problems_of({}, {"sum(max(n)) as m"}),
             ContainsSubstring("an aggregate cannot stand inside another one"));
  CHECK_THAT(problems_of({"count(*)"}, {"sum(n)"}),
             ContainsSubstring("count is an aggregate, and rows cannot be grouped by it"));
  CHECK_THAT(problems_of({}, {"sum(distinct n)"}), ContainsSubstring("distinct is for count"));
  CHECK_THAT(problems_of({}, {"sum(*)"}), ContainsSubstring("sum takes one value"));
  CHECK_THAT(problems_of({}, {"quantile(n)"}), ContainsSubstring("quantile takes a value and a"));
  CHECK_THAT(problems_of({}, {"quantile(n, 2)"}),
             ContainsSubstring("a constant between 0 and 1 is wanted"));
  CHECK_THAT(problems_of({}, {"quantile(n, speed)"}),
             ContainsSubstring("a constant between 0 and 1 is wanted"));
  CHECK_THAT(problems_of({}, {"sum(dev)"}), ContainsSubstring("sum does not take string"));
  CHECK_THAT(problems_of({}, {"max(good)"}),
             ContainsSubstring("max does not take bool") && ContainsSubstring("bool_or"));
  CHECK_THAT(problems_of({}, {"bool_or(n)"}), ContainsSubstring("bool_or does not take int64"));
  CHECK_THAT(problems_of({}, {"sum(nn)"}), ContainsSubstring("there is no column \"nn\""));
  CHECK_THAT(problems_of({}, {}), ContainsSubstring("there is nothing to work out"));
}

TEST_CASE("every column has a name, and no two have the same") {
  CHECK_THAT(problems_of({}, {"sum(n * price)"}), ContainsSubstring("this needs a name"));
  CHECK_THAT(problems_of({"n + 1"}, {"count(*)"}), ContainsSubstring("this needs a name"));
  CHECK_THAT(problems_of({}, {"sum(n)", "sum(price)"}),
             ContainsSubstring("two columns are called \"sum\""));
  CHECK_THAT(problems_of({"dev"}, {"max(n) as dev"}),
             ContainsSubstring("two columns are called \"dev\""));
  auto context = aggregate_of({"lower(dev)", "date_trunc('day', at)"}, {"max(n)"});
  CHECK(to_string(*context.bind().outputs.at(0).schema) ==
        "lower string, date_trunc timestamptz, max int64");
}

TEST_CASE("all mistakes are reported") {
  CHECK_THAT(problems_of({"devv", "n +"}, {"sum(", "summ(n)", "avg(dev)"}),
             ContainsSubstring("there is no column \"devv\"") &&
                 ContainsSubstring("something is missing at the end") &&
                 ContainsSubstring("this is no aggregate") &&
                 ContainsSubstring("avg does not take string"));
}
