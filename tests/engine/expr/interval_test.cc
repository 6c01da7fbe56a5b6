#include "engine/expr/interval.h"

#include "engine/expr/decimal.h"
#include "engine/expr/zone.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::expr;

TEST_CASE("intervals are read and printed as PostgreSQL does") {
  const auto same = [](const std::string& text) {
    const auto value = parse_interval(text);
    return value ? format_interval(*value) : "none";
  };
  CHECK(same("1 year 2 months 3 days 04:05:06.5") == "1 year 2 mons 3 days 04:05:06.5");
  CHECK(same("90 min") == "01:30:00");
  CHECK(same("1h30m") == "01:30:00");
  CHECK(same("-1.5 days") == "-1 days -12:00:00");
  CHECK(same("P1Y2M3DT4H5M6S") == "1 year 2 mons 3 days 04:05:06");
  CHECK(same("2 weeks ago") == "-14 days");
  CHECK(same("5") == "00:00:05");
  CHECK(same("0 s") == "00:00:00");
  for (const auto* bad : {"", "day", "1 fortnight", "1:2:3:4", "P", "PT", "10:99", "1e99 years"}) {
    INFO(bad);
    CHECK_FALSE(parse_interval(bad).has_value());
  }
}

TEST_CASE("clocks that go forward and back are read as PostgreSQL reads them") {
  const auto* berlin = zone_named("Europe/Berlin");
  REQUIRE(berlin != nullptr);
  const auto at = [](const char* text) { return parse_timestamp(text)->wall; };
  CHECK(format_timestamp(berlin->utc(at("2026-03-29T02:30:00"))) == "2026-03-29T01:30:00");
  CHECK(format_timestamp(berlin->utc(at("2026-10-25T02:30:00"))) == "2026-10-25T01:30:00");
  CHECK(format_timestamp(berlin->wall(at("2026-07-01T12:00:00"))) == "2026-07-01T14:00:00");
  CHECK(format_timestamp(zone_named("-05:30")->utc(at("2026-01-01T00:00:00"))) ==
        "2025-12-31T18:30:00");
  CHECK(zone_named("Nowhere/Land") == nullptr);
  CHECK(zone_named("../../etc/passwd") == nullptr);
}

TEST_CASE("decimals are compared and divided exactly at the edges of their digits") {
  const auto most = ten_to(38) - 1;
  CHECK(compare_decimals(most, 0, most, 38) > 0);
  CHECK(compare_decimals(-most, 0, most, 38) < 0);
  CHECK(compare_decimals(15, 1, 150, 2) == 0);
  Int128 out = 0;
  CHECK(divide_decimals(1, 0, 3, 0, 16, out));
  CHECK(out == 3'333'333'333'333'333);
  CHECK(divide_decimals(-2, 0, 3, 0, 2, out));
  CHECK(out == -67);
  CHECK_FALSE(divide_decimals(most, 0, 1, 0, 16, out));
  CHECK(divide_decimals(most, 0, most, 0, 16, out));
  CHECK(out == ten_to(16));
  CHECK(decimal_of_double(0.1, 20, 38, out));
  CHECK(out == ten_to(19));
  CHECK_FALSE(decimal_of_double(1e30, 16, 38, out));
  CHECK(double_of_decimal(-15, 1) == -1.5);
}
