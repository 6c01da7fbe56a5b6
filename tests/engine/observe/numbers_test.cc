#include "engine/observe/numbers.h"
#include "tests/support/catch.h"

using namespace flowrun;

TEST_CASE("whole numbers get a comma every three digits") {
  CHECK(with_commas(0) == "0");
  CHECK(with_commas(999) == "999");
  CHECK(with_commas(1000) == "1,000");
  CHECK(with_commas(-1234567) == "-1,234,567");
  CHECK(with_commas(-100) == "-100");
}

TEST_CASE("short numbers have three digits, also where rounding carries over") {
  CHECK(short_count(0) == "0");
  CHECK(short_count(999.4) == "999");
  CHECK(short_count(999.6) == "1.00 k");
  CHECK(short_count(4'210'000) == "4.21 M");
  CHECK(short_count(19'260) == "19.3 k");
  CHECK(short_count(99'960) == "100 k");
  CHECK(short_bytes(193e6) == "193 MB");
  CHECK(short_bytes(512) == "512 B");
}

TEST_CASE("a share that is little but not nothing is not shown as none") {
  CHECK(percent(0) == "0 %");
  CHECK(percent(0.001) == "<1 %");
  CHECK(percent(0.54) == "54 %");
  CHECK(percent(1) == "100 %");
}

TEST_CASE("one is not plural") {
  CHECK(counted(1, "window") == "1 window");
  CHECK(counted(0, "window") == "0 windows");
  CHECK(counted(1200, "row") == "1,200 rows");
}
