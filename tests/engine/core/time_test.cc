#include "engine/core/time.h"

#include <limits>
#include <utility>
#include <vector>

#include "tests/support/catch.h"

using namespace flowrun;

// Worked out with Python's datetime.
static const std::vector<std::pair<Micros, std::string>> kMoments{
    {-62135596800000000LL, "0001-01-01T00:00:00"},
    {-12219281754999994LL, "1582-10-15T03:04:05.000006"},
    {-2208988800000001LL, "1899-12-31T23:59:59.999999"},
    {-500000LL, "1969-12-31T23:59:59.5"},
    {0LL, "1970-01-01T00:00:00"},
    {951825600120000LL, "2000-02-29T12:00:00.12"},
    {4107542399000000LL, "2100-02-28T23:59:59"},
    {4107542400000000LL, "2100-03-01T00:00:00"},
    {253402300799999999LL, "9999-12-31T23:59:59.999999"}};

TEST_CASE("timestamps print as the calendar says and read back") {
  for (const auto& [micros, text] : kMoments) {
    CHECK(format_timestamp(micros) == text);
    CHECK(format_timestamptz(micros) == text + "Z");
    REQUIRE(parse_timestamp(text));
    CHECK(parse_timestamp(text)->wall == micros);
    CHECK_FALSE(parse_timestamp(text)->offset);
    CHECK(parse_timestamp(text + "Z")->utc() == micros);
  }
}

TEST_CASE("dates print as the calendar says and read back") {
  const std::vector<std::pair<std::int32_t, std::string>> dates{
      {-719162, "0001-01-01"}, {-135081, "1600-02-29"}, {-25508, "1900-03-01"},
      {-1, "1969-12-31"},      {0, "1970-01-01"},       {19782, "2024-02-29"},
      {20778, "2026-11-21"},   {2932896, "9999-12-31"}};
  for (const auto& [days, text] : dates) {
    CHECK(format_date(days) == text);
    CHECK(parse_date(text) == days);
  }
}

TEST_CASE("every day of four centuries follows the one before") {
  auto before = civil_from_days(-135081);  // 1600-02-29
  for (std::int64_t day = -135080; day < -135081 + 146097 * 2; ++day) {
    const auto date = civil_from_days(day);
    const bool next_day =
        date.year == before.year && date.month == before.month && date.day == before.day + 1;
    const bool next_month =
        date.year == before.year && date.month == before.month + 1 && date.day == 1;
    const bool next_year =
        date.year == before.year + 1 && date.month == 1 && date.day == 1 && before.month == 12;
    if (!next_day && !next_month && !next_year)
      FAIL("after " << before.year << "-" << before.month << "-" << before.day);
    if (days_from_civil(date.year, date.month, date.day) != day) FAIL("day " << day);
    before = date;
  }
  CHECK(before.year == 2400);
}

TEST_CASE("timestamps are read in their everyday forms") {
  CHECK(parse_timestamp("2000-02-29")->wall == 951782400000000LL);
  CHECK(parse_timestamp("2000-02-29 12:00")->wall == 951825600000000LL);
  CHECK(parse_timestamp("2000-02-29t12:00:00.1")->wall == 951825600100000LL);
  CHECK(parse_timestamp("2000-02-29T12:00:00.123456789")->wall == 951825600123456LL);
  CHECK(parse_timestamp("2000-02-29T12:00:00+05:30")->utc() ==
        951825600000000LL - 5 * kHour - 30 * kMinute);
  CHECK(parse_timestamp("2000-02-29T12:00:00-0330")->utc() ==
        951825600000000LL + 3 * kHour + 30 * kMinute);
  CHECK(parse_timestamp("2000-02-29T12:00:00+01")->offset == kHour);
}

TEST_CASE("what is no moment of the calendar is refused") {
  for (const auto* text : {"",
                           "2001-02-29",
                           "1900-02-29",
                           "2000-13-01",
                           "2000-00-10",
                           "2000-01-00",
                           "2000-04-31",
                           "2000-1-01",
                           "2000-01-01T",
                           "2000-01-01T24:00:00",
                           "2000-01-01T12",
                           "2000-01-01T12:60",
                           "2000-01-01T12:00:60",
                           "2000-01-01T12:00:00.",
                           "2000-01-01T12:00:00.1234567890",
                           "2000-01-01T12:00:00Zx",
                           "2000-01-01T12:00:00+",
                           "2000-01-01T12:00:00+24:00",
                           "2000-01-01T12:00:00+01:",
                           "20000101",
                           " 2000-01-01",
                           "2000-01-01 ",
                           "-2000-01-01",
                           "+2000-01-01"}) {
    INFO(text);
    CHECK_FALSE(parse_timestamp(text));
  }
  CHECK_FALSE(parse_date("2000-01-01T00:00"));
}

TEST_CASE("durations are read and printed") {
  CHECK(parse_duration("90s") == 90 * kSecond);
  CHECK(parse_duration("1h30m") == 90 * kMinute);
  CHECK(parse_duration("250ms") == 250'000);
  CHECK(parse_duration("7us") == 7);
  CHECK(parse_duration("1w") == 7 * kDay);
  CHECK(parse_duration("10min") == 10 * kMinute);
  CHECK(parse_duration("-2h") == -2 * kHour);
  CHECK(format_duration(90 * kMinute) == "1h30m");
  CHECK(format_duration(0) == "0s");
  CHECK(format_duration(-2 * kHour) == "-2h");
  CHECK(format_duration(kDay + kHour + kMinute + kSecond + 1001) == "1d1h1m1s1ms1us");
  for (const Micros span : {Micros{1}, kSecond - 1, 36 * kHour, 400 * kDay}) {
    CHECK(parse_duration(format_duration(span)) == span);
  }
  for (const auto* text :
       {"", "-", "5", "h", "1.5h", "1y", "1mo", "2h ", "9999999999999w", "--1h", "1h-1m"}) {
    INFO(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("sizes are read and printed") {
  CHECK(parse_size("4096") == 4096);
  CHECK(parse_size("256 MiB") == 268'435'456);
  CHECK(parse_size("64KB") == 64'000);
  CHECK(parse_size("1.5 GiB") == 1'610'612'736);
  CHECK(parse_size("0B") == 0);
  CHECK(format_size(4096) == "4 KiB");
  CHECK(format_size(1'610'612'736) == "1.5 GiB");
  CHECK(format_size(1023) == "1023 B");
  for (const auto* text : {"", "-1", "1 mib", "5 parsecs", "KiB", "1e30", "nan", "inf"}) {
    INFO(text);
    CHECK_FALSE(parse_size(text));
  }
}

TEST_CASE("a moment is snapped down to its cell, before the epoch too") {
  CHECK(snap_down(0, kHour) == 0);
  CHECK(snap_down(kHour - 1, kHour) == 0);
  CHECK(snap_down(-1, kHour) == -kHour);
  CHECK(snap_down(-kHour, kHour) == -kHour);
  CHECK(snap_down(10, 7, 3) == 10);
  CHECK(snap_down(9, 7, 3) == 3);
  CHECK(snap_down(2, 7, 3) == -4);
  CHECK(snap_down(5, 7, 1'000'003) == 5 - ((5 - 1'000'003) % 7 + 7) % 7);
}

TEST_CASE("every reading has a day, a time of that day and a text") {
  constexpr auto kFirst = std::numeric_limits<Micros>::min();
  constexpr auto kLast = std::numeric_limits<Micros>::max();
  CHECK(day_of(-1) == -1);
  CHECK(time_of_day(-1) == kDay - 1);
  CHECK(day_of(kDay) == 1);
  CHECK(time_of_day(kDay) == 0);
  CHECK(day_of(kFirst) == -106'751'992);
  CHECK(format_timestamp(kFirst) == "-290308-12-21T19:59:05.224192");
  CHECK(format_timestamp(kLast) == "294247-01-10T04:00:54.775807");
}

TEST_CASE("elapsed time is shown for people") {
  CHECK(format_elapsed(3.2) == "3.20 s");
  CHECK(format_elapsed(42.04) == "42.0 s");
  CHECK(format_elapsed(250) == "4 min 10 s");
  CHECK(format_elapsed(7500) == "2 h 5 min");
}
