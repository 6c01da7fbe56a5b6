#include "tests/support/batches.h"

#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

TEST_CASE("a literal batch reads back as it was written") {
  const auto batch = batch_of("ts timestamptz, dev string, price decimal(18,2), ok bool", R"(
      2024-01-01T00:00:00Z,a,1.50,true
      ,"",,
      2024-01-01T00:00:01Z,"x,""y""",-0.05,false
  )");
  CHECK(batch->rows() == 3);
  CHECK(batch->ordinal(2) == 2);
  CHECK(csv_of(*batch) ==
        "2024-01-01T00:00:00Z,a,1.50,true\n"
        ",\"\",,\n"
        "2024-01-01T00:00:01Z,\"x,\"\"y\"\"\",-0.05,false\n");
}

TEST_CASE("a literal batch with a wrong field is a mistake of the test") {
  CHECK_THROWS_WITH(batch_of("a int64", "x"), "not a value of its type: x in: x");
  CHECK_THROWS_WITH(batch_of("a int64, b int64", "1"), "too few fields: 1");
  CHECK_THROWS_WITH(batch_of("a int64", "1,2"), "too many fields: 1,2");
  CHECK_THROWS_WITH(batch_of("a number", "1"), "not a field: a number");
}

TEST_CASE("a dictionary column shows the same text, and codes of an older dictionary stay") {
  const auto batch = batch_of("a string", "y\nx\n\"\"\ny\n", 7);
  const auto encoded = with_dictionary(*batch, "a", 5);
  CHECK(csv_of(*encoded) == csv_of(*batch));
  CHECK(encoded->column(0).dictionary()->length() == 3);
  const auto later = with_dictionary(*batch_of("a string, b int64", "z,1\n,2\nx,3"), "a", 5,
                                     encoded->column(0).dictionary());
  CHECK(csv_of(*later) == "z,1\n,2\nx,3\n");
  CHECK(later->column(0).codes()[0] == 3);
  CHECK(later->column(0).codes()[2] == 1);
  CHECK(ordinals_of(cut(encoded, 3)) == "7 8 9 10");
  CHECK(csv_of(*joined(cut(encoded, 3))) == csv_of(*batch));
}
