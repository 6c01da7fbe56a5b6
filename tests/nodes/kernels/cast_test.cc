#include "nodes/kernels/cast.h"

#include "tests/support/batches.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using flowrun::nodes::can_cast;
using flowrun::nodes::cast;
using flowrun::nodes::not_a;

namespace {

/// Casts column `a` of the literal; the result as text, with "!" for what failed and "-" for null.
std::string casted(const std::string& type, const std::string& to, const std::string& rows,
                   bool as_dictionary = false) {
  auto batch = batch_of("a " + type + ", n int64", rows);
  if (as_dictionary) batch = with_dictionary(*batch, "a", 1);
  const auto result = cast(batch->column_ref(0), parse_type(to).value());
  REQUIRE(result.column->type() == parse_type(to).value());
  const Batch made(make_schema({{"a", result.column->type()}}), {result.column}, batch->rows());
  std::string out;
  auto failed = result.failed.begin();
  for (std::int64_t row = 0; row < batch->rows(); ++row) {
    if (row != 0) out += ' ';
    if (failed != result.failed.end() && *failed == row) {
      CHECK_FALSE(result.column->is_valid(row));
      ++failed;
      out += '!';
    } else if (!result.column->is_valid(row)) {
      out += '-';
    } else {
      out += csv_of(*slice(made, row, 1));
      out.pop_back();
    }
  }
  return out;
}

}  // namespace

TEST_CASE("text becomes what it spells") {
  for (const bool as_dictionary : {false, true}) {
    CHECK(casted("string", "int64", "12,\n,\n-3,\nx,\n1.0,", as_dictionary) == "12 - -3 ! !");
    CHECK(casted("string", "float64", "1.5,\n1e3,\nnan,\n\"\",", as_dictionary) ==
          "1.5 1000 nan !");
    CHECK(casted("string", "decimal(4,2)", "1.5,\n99.99,\n100,\n1.234,", as_dictionary) ==
          "1.50 99.99 ! !");
    CHECK(casted("string", "bool", "true,\nF,\n1,\nyes,", as_dictionary) == "true false true !");
    CHECK(casted("string", "date", "2024-02-29,\n2023-02-29,", as_dictionary) == "2024-02-29 !");
    CHECK(casted("string", "timestamptz", "2024-01-01T02:00:00+02:00,\nnoon,", as_dictionary) ==
          "2024-01-01T00:00:00Z !");
  }
}

TEST_CASE("everything becomes its canonical text") {
  CHECK(casted("int64", "string", "12,\n,") == "12 -");
  CHECK(casted("float64", "string", "0.1,\n1e300,\n-0.5,") == "0.1 1e+300 -0.5");
  CHECK(casted("decimal(10,3)", "string", "1.5,") == "1.500");
  CHECK(casted("bool", "string", "true,") == "true");
  CHECK(casted("date", "string", "2024-02-29,") == "2024-02-29");
  CHECK(casted("timestamptz", "string", "2024-01-01T00:00:00Z,") == "2024-01-01T00:00:00Z");
  CHECK(casted("bytes", "string", "00ff,") == "00ff");
}

TEST_CASE("numbers do not change by a cast: what is not exact fails") {
  CHECK(casted("int64", "float64",
               "5,\n9007199254740992,\n9007199254740993,\n9223372036854775807,") ==
        "5 9007199254740992 ! !");
  CHECK(casted("float64", "int64",
               "2,\n2.5,\n-3,\nnan,\n1e300,\n-9223372036854775808,\n9223372036854775808,") ==
        "2 ! -3 ! ! -9223372036854775808 !");
  CHECK(casted("float64", "decimal(10,2)", "0.1,\n0.125,\n1e7,\n1e8,\nnan,\ninf,") ==
        "0.10 ! 10000000.00 ! ! !");
  CHECK(casted("float64", "decimal(38,0)", "1e20,") == "100000000000000000000");
  CHECK(casted("decimal(10,2)", "int64", "3.00,\n3.01,") == "3 !");
  CHECK(casted("decimal(38,0)", "int64", "9223372036854775807,\n9223372036854775808,") ==
        "9223372036854775807 !");
  CHECK(casted("decimal(20,2)", "float64", "0.10,\n123456789012345678.91,") == "0.1 !");
  CHECK(casted("decimal(10,3)", "decimal(6,1)", "1.500,\n1.550,\n99999.900,\n999999.900,") ==
        "1.5 ! 99999.9 !");
  CHECK(casted("int64", "decimal(4,2)", "99,\n100,") == "99.00 !");
  CHECK(casted("int64", "bool", "1,\n0,\n2,") == "true false !");
  CHECK(casted("bool", "int64", "true,\nfalse,\n,") == "1 0 -");
}

TEST_CASE("dates and timestamps become each other") {
  CHECK(casted("date", "timestamp", "1969-12-31,") == "1969-12-31T00:00:00");
  CHECK(casted("timestamp", "date", "1969-12-31T23:59:59.999999,\n1970-01-01T00:00:00,") ==
        "1969-12-31 1970-01-01");
  CHECK(casted("timestamp", "timestamptz", "2024-01-01T10:00:00,") == "2024-01-01T10:00:00Z");
  CHECK(casted("timestamptz", "timestamp", "2024-01-01T10:00:00Z,") == "2024-01-01T10:00:00");
}

TEST_CASE("a column of the type already is handed back as it is") {
  const auto batch = with_dictionary(*batch_of("a string, b int64", "x,1\ny,2"), "a", 1);
  CHECK(cast(batch->column_ref(0), kString).column == batch->column_ref(0));
  CHECK(cast(batch->column_ref(1), kInt64).column == batch->column_ref(1));
}

TEST_CASE("casts that mean nothing are told beforehand") {
  CHECK_FALSE(can_cast(kInt64, kTimestamp));
  CHECK_FALSE(can_cast(kBoolean, kFloat64));
  CHECK_FALSE(can_cast(kBytes, kInt64));
  CHECK_FALSE(can_cast(kDate, kInt64));
  CHECK(can_cast(kBytes, kString));
  CHECK(can_cast(decimal_type(4, 2), kInt64));
  CHECK(not_a(kInt64) == "not an int64");
  CHECK(not_a(decimal_type(4, 2)) == "not a decimal(4,2)");
}
