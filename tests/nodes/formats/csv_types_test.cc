// Typed columns: values, nulls, and what is no value.
#include <string>
#include <vector>

#include "engine/data/text.h"
#include "tests/nodes/formats/csv_testing.h"
#include "tests/support/catch.h"

namespace {

using namespace flowrun;
using namespace flowrun::testing;
using Lines = std::vector<std::string>;

/// One column `v` of a type beside a string, so that blank values are rows.
ReadRows read_values(Type type, const Lines& values, std::vector<std::string> nulls = {""}) {
  std::string text = "v,s\n";
  for (const auto& value : values) text += value + ",x\n";
  Reading reading{.columns = {{"v", type}}};
  reading.format.nulls = std::move(nulls);
  return read_text(text, reading);
}

}  // namespace

TEST_CASE("int64 columns") {
  const auto read =
      read_values(kInt64, {"1", "-7", "+8", "007", "9223372036854775807", "-9223372036854775808",
                           "", "\"12\"", "\"\"", "9223372036854775808", "1.0", "1e3", " 1", "1 ",
                           "x", "-", "12345678901234567890123"});
  CHECK(read.lines() == Lines{"1", "-7", "8", "7", "9223372036854775807", "-9223372036854775808",
                              "(null)", "12", "(null)"});
  CHECK(read.reasons() == Lines{"11:out of range for int64", "12:not an int64", "13:not an int64",
                                "14:not an int64", "15:not an int64", "16:not an int64",
                                "17:not an int64", "18:out of range for int64"});
  CHECK(read.rejects[1].column == "v");
  CHECK(read.rejects[1].value == "1.0");
  CHECK(read.rejects[1].record == "1.0,x");
}

TEST_CASE("float64 columns") {
  const auto read =
      read_values(kFloat64, {"85.8512", "-0", "1e300", "nan", "-inf", "0.1", "123456789.123456789",
                             "\"2.5\"", "", "1,5", "0x10", " 1", "1.2.3", "."});
  CHECK(read.lines() == Lines{"85.8512", "-0", "1e+300", "nan", "-inf", "0.1", "123456789.12345679",
                              "2.5", "(null)"});
  CHECK(read.reasons() == Lines{"11:expected 2 fields, found 3", "12:not a float64",
                                "13:not a float64", "14:not a float64", "15:not a float64"});
}

TEST_CASE("numbers between quotes that are digits themselves are what stands there") {
  for (const auto type : {kFloat64, kInt64, decimal_type(10, 2)}) {
    Reading reading{.columns = {{"v", type}}};
    reading.format.dialect.quote = '2';
    reading.format.dialect.escape = '2';
    // Without its quotes, and "22" for one "2": 12, 0 and 32.
    const auto read = read_text("v,s\n21222,x\n202,x\n23222,x\n", reading);
    CHECK(read.rejects.empty());
    const auto zeros = type.scale == 2 ? ".00" : "";
    const std::vector<std::string> expected{std::string("12") + zeros, std::string("0") + zeros,
                                            std::string("32") + zeros};
    CHECK(read.lines() == expected);
  }
}

TEST_CASE("decimal columns are exact") {
  const auto read =
      read_values(decimal_type(10, 2), {"12.34", "-0.5", "12345678.90", "1.230", "7", "\"8.25\"",
                                        "", "123456789.00", "1.234", "1e2", "abc"});
  CHECK(read.lines() == Lines{"12.34", "-0.50", "12345678.90", "1.23", "7.00", "8.25", "(null)"});
  CHECK(read.reasons() == Lines{"9:does not fit decimal(10,2)", "10:does not fit decimal(10,2)",
                                "11:not a decimal(10,2)", "12:not a decimal(10,2)"});
  const auto wide =
      read_values(decimal_type(38, 10), {"1234567890123456789012345678.0123456789", "0.1"});
  CHECK(wide.lines() == Lines{"1234567890123456789012345678.0123456789", "0.1000000000"});
}

TEST_CASE("date columns") {
  const auto read =
      read_values(kDate, {"2024-02-29", "1969-12-31", "1969-12-31", "\"2000-01-01\"", "",
                          "2023-02-29", "2024-1-1", "20240101", "2024-02-29T00:00:00"});
  CHECK(read.lines() == Lines{"2024-02-29", "1969-12-31", "1969-12-31", "2000-01-01", "(null)"});
  CHECK(read.reasons() == Lines{"7:not a date", "8:not a date", "9:not a date", "10:not a date"});
}

TEST_CASE("timestamptz columns are UTC, without a zone, too") {
  const auto read = read_values(
      kTimestamptz, {"2023-11-14T22:13:20Z", "2023-11-14T22:13:20Z", "2023-11-14 22:13:20+02:00",
                     "2023-11-14T22:13", "2023-11-14", "2023-11-14T22:13:20.000001Z", "",
                     "2023-11-14T25:00:00Z", "yesterday"});
  CHECK(read.lines() == Lines{"2023-11-14T22:13:20Z", "2023-11-14T22:13:20Z",
                              "2023-11-14T20:13:20Z", "2023-11-14T22:13:00Z",
                              "2023-11-14T00:00:00Z", "2023-11-14T22:13:20.000001Z", "(null)"});
  CHECK(read.reasons() == Lines{"9:not a timestamptz", "10:not a timestamptz"});
}

TEST_CASE("timestamp columns have no zone but UTC") {
  const auto read =
      read_values(kTimestamp, {"2023-11-14T22:13:20", "2023-11-14T22:13:20Z",
                               "2023-11-14T22:13:20+00:00", "2023-11-14T22:13:20+02:00", "x"});
  CHECK(read.lines() == Lines{"2023-11-14T22:13:20", "2023-11-14T22:13:20", "2023-11-14T22:13:20"});
  CHECK(read.reasons() == Lines{"5:has a time zone other than UTC", "6:not a timestamp"});
}

TEST_CASE("bool and bytes columns") {
  const auto flags = read_values(kBoolean, {"true", "F", "1", "\"0\"", "", "yes"});
  CHECK(flags.lines() == Lines{"true", "false", "true", "false", "(null)"});
  CHECK(flags.reasons() == Lines{"7:not a bool"});
  const auto bytes = read_values(kBytes, {"00ff", "", "abc", "zz"});
  CHECK(bytes.lines() == Lines{"00ff", "(null)"});
  CHECK(bytes.reasons() == Lines{"4:not a bytes", "5:not a bytes"});
}

TEST_CASE("an unquoted empty string is null, a quoted one is empty") {
  for (const bool dictionaries : {true, false}) {
    Reading reading{.columns = strings({"a", "b"}), .dictionaries = dictionaries};
    const auto read = read_text("a,b\n,\"\"\n\"\",\nx,y\n", reading);
    CHECK(read.lines() == Lines{"(null)|", "|(null)", "x|y"});
    CHECK(read.coded == dictionaries);
  }
}

TEST_CASE("any texts can mean null, and the empty one need not") {
  const Lines nulls{"NA", "-999", "n/a"};
  CHECK(read_values(kString, {"NA", "\"NA\"", "", "n/a", "NAN", "-999"}, nulls).lines() ==
        Lines{"(null)", "NA", "", "(null)", "NAN", "(null)"});
  const auto numbers = read_values(kInt64, {"NA", "\"NA\"", "-999", "5", ""}, nulls);
  CHECK(numbers.lines() == Lines{"(null)", "(null)", "(null)", "5"});
  CHECK(numbers.reasons() == Lines{"6:not an int64"});
}

TEST_CASE("a row is rejected once, for its first bad column, and only whole rows pass") {
  Reading reading{.columns = {{"b", kInt64}, {"a", kFloat64}, {"c", kString}}};
  const auto read = read_text("a,b,c\n1.5,1,x\nbad,worse,y\n2.5,2,z\nbad,3,w\n", reading);
  CHECK(read.lines() == Lines{"1|1.5|x", "2|2.5|z"});
  CHECK(read.ordinals == std::vector<std::uint64_t>{Ordinals::pack(kInputNumber, 2),
                                                    Ordinals::pack(kInputNumber, 4)});
  CHECK(read.reasons() == Lines{"3:not an int64", "5:not a float64"});
  CHECK(read.rejects[0].column == "b");
  CHECK(read.rejects[0].value == "worse");
}

TEST_CASE(
    "a string column is coded while that pays and plain when it does not, with the same values") {
  std::string text = "few,many,long\n";
  for (int i = 0; i < 70'000; ++i) {
    text.append("v")
        .append(std::to_string(i % 50))
        .append(",")
        .append(std::to_string(i * 7919LL % 1'000'003));
    text.append(",")
        .append(static_cast<std::size_t>(i % 40), 'l')
        .append(std::to_string(i % 997))
        .append("\n");
  }
  const auto coded = read_text(text, {.columns = strings({"few", "many", "long"})});
  const auto plain =
      read_text(text, {.columns = strings({"few", "many", "long"}), .dictionaries = false});
  CHECK(coded.coded);
  CHECK_FALSE(plain.coded);
  REQUIRE(coded.rows.size() == 70'000);
  CHECK(coded.rows == plain.rows);
  CHECK(coded.rows[12'345] ==
        TextRow{"v45", std::to_string(12'345LL * 7919 % 1'000'003), std::string(25, 'l') + "381"});
}

TEST_CASE("a string column without any value is plain") {
  const auto read = read_text("a,b\n,1\n,2\n", {.columns = strings({"a"})});
  CHECK(read.lines() == Lines{"(null)", "(null)"});
  CHECK_FALSE(read.coded);
}
