#include <algorithm>
#include <map>

#include "engine/core/hash.h"
#include "nodes/catalog.h"
#include "tests/support/catch.h"
#include "tests/support/run_node.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

/// Pivots values of one column `a` by key k, in the given mode; batches arrive in the order given.
Collected folded(const std::string& type, const std::string& mode,
                 const std::vector<BatchRef>& batches) {
  BindFake context(nodes::pivot(),
                   {{"index", value("k")},
                    {"name", value("name")},
                    {"value", value("value")},
                    {"columns", list({"a", "b"})},
                    {"on_duplicate", value(mode)}},
                   {schema_of("k int64, name string, value " + type)});
  return accumulated(context, batches);
}

BatchRef narrow(const std::string& type, const std::string& rows, std::uint64_t first = 0) {
  return batch_of("k int64, name string, value " + type, rows, first);
}

/// The cells of key 1: "a,b", from three batches that arrive out of order.
std::string of_mode(const std::string& type, const std::string& mode,
                    const std::vector<std::string>& values) {
  std::string rows;
  for (const auto& one : values) rows += "1,a," + one + "\n";
  rows += "1,b," + values.front() + "\n2,a," + values.front() + "\n";
  const auto batch = narrow(type, rows);
  std::string result;
  for (const std::int64_t size : {1, 2, 1000}) {
    auto parts = cut(batch, size);
    for (int order = 0; order < 3; ++order) {
      const auto out = folded(type, mode, parts).csv();
      if (!result.empty()) CHECK(out == result);
      result = out;
      order == 0 ? std::reverse(parts.begin(), parts.end())
                 : std::swap(parts.front(), parts[parts.size() / 2]);
      // The rows' order of leaving goes by ordinal, whatever the order of arrival.
    }
  }
  return result.substr(0, result.find('\n'));
}

}  // namespace

TEST_CASE("last and first go by the order of the input, not of arrival") {
  CHECK(of_mode("int64", "last", {"5", "9", "7"}) == "1,7,5");
  CHECK(of_mode("int64", "first", {"5", "9", "7"}) == "1,5,5");
  CHECK(of_mode("string", "last", {"x", "", "\"\""}) == "1,\"\",x");
  CHECK(of_mode("string", "first", {"", "y", "z"}) == "1,y,");
}

TEST_CASE("rule 13: rows of different inputs and far apart in one input still have an order") {
  const auto early = narrow("int64", "1,a,1\n1,a,2", Ordinals::pack(1, 5));
  const auto far = narrow("int64", "1,a,3", Ordinals::pack(1, 4'000'000'000));
  const auto late = narrow("int64", "1,a,4\n1,b,5", Ordinals::pack(3, 0));
  const auto mixed = joined({late, early, far});
  for (const auto& batches :
       std::vector<std::vector<BatchRef>>{{early, far, late}, {late, far, early}, {mixed}}) {
    CHECK(folded("int64", "last", batches).csv() == "1,4,5\n");
    CHECK(folded("int64", "first", batches).csv() == "1,1,5\n");
    CHECK(folded("int64", "error", batches).rejected() ==
          "a: the cell has a value already: 2\na: the cell has a value already: 3\na: the cell has "
          "a value already: 4\n");
    CHECK(ordinals_of(folded("int64", "last", batches).ports[0]) ==
          std::to_string(Ordinals::pack(1, 5)));
  }
}

TEST_CASE("values that share an ordinal do not depend on chance") {
  const auto one = narrow("int64", "1,a,1", 7);
  const auto two = narrow("int64", "1,a,2", 7);
  CHECK(folded("int64", "last", {one, two}).csv() == folded("int64", "last", {two, one}).csv());
  CHECK(folded("int64", "first", {one, two}).csv() == folded("int64", "first", {two, one}).csv());
}

TEST_CASE("min and max compare values of every type") {
  CHECK(of_mode("int64", "min", {"5", "-9", "7"}) == "1,-9,5");
  CHECK(of_mode("int64", "max", {"5", "-9", "7"}) == "1,7,5");
  CHECK(of_mode("float64", "max", {"5", "nan", "7"}) == "1,nan,5");
  CHECK(of_mode("float64", "min", {"nan", "2.5", ""}) == "1,2.5,nan");
  CHECK(of_mode("decimal(20,2)", "max", {"-5", "9.99", "7"}) == "1,9.99,-5.00");
  CHECK(of_mode("decimal(20,2)", "min", {"-5", "9.99", "7"}) == "1,-5.00,-5.00");
  CHECK(of_mode("string", "min", {"b", "aa", "a"}) == "1,a,b");
  CHECK(of_mode("date", "max", {"2024-01-01", "1969-01-01"}) == "1,2024-01-01,2024-01-01");
  CHECK(of_mode("date", "min", {"2024-01-01", "1969-01-01"}) == "1,1969-01-01,2024-01-01");
  CHECK(of_mode("bool", "max", {"false", "true"}) == "1,true,false");
}

TEST_CASE("sums and means add up in the order of the input, nulls left out") {
  CHECK(of_mode("int64", "sum", {"5", "", "7"}) == "1,12,5");
  CHECK(of_mode("int64", "mean", {"5", "", "8"}) == "1,6.5,5");
  CHECK(of_mode("decimal(6,2)", "sum", {"5", "9999.99", "0.01"}) == "1,10005.00,5.00");
  CHECK(of_mode("decimal(6,2)", "mean", {"5", "6"}) == "1,5.5,5");
  CHECK(of_mode("float64", "mean", {"1", "2", "4.5"}) == "1,2.5,1");
  // (0.1 + 0.2) + 0.3 and 1e16 + 1 + 1 as a left-to-right sum in double gives them (Python).
  CHECK(of_mode("float64", "sum", {"0.1", "0.2", "0.3"}) == "1,0.6000000000000001,0.1");
  CHECK(of_mode("float64", "sum", {"1e16", "1", "1"}) == "1,1e+16,1e+16");
  CHECK(of_mode("float64", "sum", {"1", "1", "1e16"}) == "1,10000000000000002,1");
  CHECK(of_mode("float64", "sum", {"-0.0"}) == "1,-0,-0");
}

TEST_CASE("the type of a sum or mean is known beforehand") {
  const auto schema_in_mode = [](const std::string& type, const std::string& mode) {
    const auto out = folded(type, mode, {narrow(type, "1,a,1")});
    return to_string(out.ports[0][0]->schema().field(1).type);
  };
  CHECK(schema_in_mode("int64", "sum") == "int64");
  CHECK(schema_in_mode("decimal(6,2)", "sum") == "decimal(38,2)");
  CHECK(schema_in_mode("float64", "sum") == "float64");
  CHECK(schema_in_mode("int64", "mean") == "float64");
  CHECK(schema_in_mode("decimal(6,2)", "mean") == "float64");
}

TEST_CASE("a row that would take a sum out of its range is a reject") {
  const auto batch =
      narrow("int64",
             "1,a,9223372036854775807\n1,a,1\n1,a,-5\n1,b,2\n2,a,-9223372036854775808\n2,a,-1", 30);
  const auto out = folded("int64", "sum", cut(batch, 2));
  CHECK(out.csv() == "1,9223372036854775802,2\n2,-9223372036854775808,\n");
  CHECK(out.rejected() == "a: the sum leaves its range: 1\na: the sum leaves its range: -1\n");
  CHECK(out.rejects[0].ordinal == 31);
  CHECK(out.rejects[0].record == R"({"k":1,"a":1})");
  CHECK(out.absorbed_rows() == 4);
  CHECK(folded("int64", "mean", {batch}).csv() ==
        "1,3074457345618258432,2\n2,-4611686018427387904,\n");

  const std::string nines(36, '9');
  const auto large = narrow("decimal(38,2)", "1,a," + nines + ".99\n1,a,0.01\n1,a,-1.00");
  const auto sums = folded("decimal(38,2)", "sum", {large});
  CHECK(sums.csv() == "1," + nines.substr(1) + "8.99,\n");
  CHECK(sums.rejected() == "a: the sum leaves its range: 0.01\n");
}

TEST_CASE("error keeps the first value and rejects the others, with their cell as record") {
  const auto batch = narrow("string", "1,a,x\n1,b,y\n2,a,z\n1,a,w\n1,b,v\n1,a,u", 10);
  for (const std::int64_t size : {1, 100}) {
    const auto out = folded("string", "error", cut(batch, size));
    CHECK(out.csv() == "1,x,y\n2,z,\n");
    CHECK(out.rejected() ==
          "a: the cell has a value already: w\nb: the cell has a value already: v\na: the cell has "
          "a value already: u\n");
    CHECK(out.rejects[0].record == R"({"k":1,"a":"w"})");
    CHECK(out.rejects[0].ordinal == 13);
    CHECK(out.absorbed_rows() == 3);
  }
}

TEST_CASE(
    "values that lost are forgotten: memory stays bounded where one key is written again and "
    "again") {
  for (const std::string type : {"int64", "string"}) {
    BindFake context(nodes::pivot(),
                     {{"index", value("k")},
                      {"name", value("name")},
                      {"value", value("value")},
                      {"columns", list({"a", "b"})}},
                     {schema_of("k int64, name string, value " + type)});
    const auto accumulator = context.bind().make_accumulator(INT64_MAX);
    const auto state = accumulator->begin({});
    std::string rows;
    for (int i = 0; i < 2000; ++i)
      rows += std::to_string(i % 5) + (i % 2 == 0 ? ",a," : ",b,") + std::to_string(i) + "\n";
    Collected ignored;
    std::int64_t most = 0;
    const int rounds = 500;  // a million rows: 28 bytes each if all were kept
    for (int round = 0; round < rounds; ++round) {
      state->add(narrow(type, rows, static_cast<std::uint64_t>((round * 7919) % rounds) * 2000),
                 ignored);
      most = std::max(most, state->memory());
    }
    CHECK(most < 14'000'000);
    Collected out;
    state->finish(out);
    CHECK(out.csv() == "0,1990,1995\n1,1996,1991\n2,1992,1997\n3,1998,1993\n4,1994,1999\n");
    CHECK(state->memory() < 1000);
  }
}
