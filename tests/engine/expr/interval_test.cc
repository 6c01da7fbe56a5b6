#include "engine/expr/interval.h"

#include <limits>

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
  for (const auto* bad :
       {"", "day", "1 fortnight", "1:2:3:4", "P", "PT", "10:99", "1e99 years", "--1:00", "1:-5",
        "-99999999999999999999:00", "2147483648 days", "-2147483648 days"}) {
    INFO(bad);
    CHECK_FALSE(parse_interval(bad).has_value());
  }
}

TEST_CASE("clocks that go forward and back are read as PostgreSQL reads them") {
  const auto* berlin = zone_named("Europe/Berlin");
  REQUIRE(berlin != nullptr);
  const auto at = [](const char* text) { return parse_timestamp(text)->wall; };
  const auto utc = [&](const Zone& zone, const char* wall) {
    Micros out = 0;
    return zone.to_utc(at(wall), out) ? format_timestamp(out) : "out of range";
  };
  CHECK(utc(*berlin, "2026-03-29T02:30:00") == "2026-03-29T01:30:00");
  CHECK(utc(*berlin, "2026-10-25T02:30:00") == "2026-10-25T01:30:00");
  Micros wall = 0;
  REQUIRE(berlin->to_wall(at("2026-07-01T12:00:00"), wall));
  CHECK(format_timestamp(wall) == "2026-07-01T14:00:00");
  CHECK(utc(*zone_named("-05:30"), "2026-01-01T00:00:00") == "2025-12-31T18:30:00");
  CHECK(zone_named("Nowhere/Land") == nullptr);
}

TEST_CASE("a zone is a name of the zone database and no path") {
  CHECK(zone_named("America/Port-au-Prince") != nullptr);
  CHECK(zone_named("Etc/GMT+5") != nullptr);
  for (const auto* path : {"/usr/share/zoneinfo/Europe/Berlin", "../zoneinfo/Europe/Berlin",
                           "Europe/../Europe/Berlin", "file:Europe/Berlin", "./UTC", ""}) {
    INFO(path);
    CHECK(zone_named(path) == nullptr);
  }
}

TEST_CASE("zones at the end of time are out of range and wrap nowhere") {
  constexpr auto kFirst = std::numeric_limits<Micros>::min();
  constexpr auto kLast = std::numeric_limits<Micros>::max();
  Micros out = 0;
  for (const auto* name : {"Europe/Berlin", "-02"}) {
    INFO(name);
    const auto* zone = zone_named(name);
    CHECK_FALSE(zone->to_wall(kLast, out));
    CHECK_FALSE(zone->to_utc(kFirst, out));
  }
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
