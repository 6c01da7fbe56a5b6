// Values of a binary COPY, from bytes written by hand: what they become, and what hostile ones do.
#include "nodes/postgres/copy_decoder.h"

#include "engine/core/error.h"
#include "engine/data/text.h"
#include "tests/nodes/postgres/copy_bytes.h"
#include "tests/support/catch.h"

namespace flowrun::postgres {
namespace {

using Catch::Matchers::ContainsSubstring;
using test::be;
using test::copy_row;
using test::numeric;
using Value = std::optional<std::string>;
using Lines = std::vector<std::string>;

struct Decoded {
  std::vector<ColumnRef> columns;
  std::vector<BadCell> bad;

  /// The values of a column; "-" for null.
  [[nodiscard]] Lines texts(std::size_t column = 0) const {
    Lines texts;
    for (std::int64_t row = 0; row < columns[column]->length(); ++row) {
      texts.push_back(columns[column]->is_valid(row) ? text_of(*columns[column], row) : "-");
    }
    return texts;
  }
};

Decoded decode(std::vector<CopyColumn> columns, const std::vector<std::string>& rows,
               bool checks_text = false) {
  CopyRows copied(16);
  for (const auto& row : rows) copied.add(row);
  const CopyDecoder decoder(std::move(columns), checks_text);
  Decoded decoded;
  decoded.columns = decoder.decode(copied, decoded.bad);
  return decoded;
}

/// One column, a row for each value.
Decoded decode_values(Wire wire, Type type, const std::vector<Value>& values,
                      bool checks_text = false) {
  std::vector<std::string> rows;
  for (const auto& value : values) rows.push_back(copy_row({value}));
  return decode({{.name = "c", .wire = wire, .type = type, .dictionary = nullptr}}, rows,
                checks_text);
}

/// What decoding ends with; "" where it goes through.
std::string failure(Wire wire, Type type, const std::vector<std::string>& rows) {
  try {
    static_cast<void>(
        decode({{.name = "c", .wire = wire, .type = type, .dictionary = nullptr}}, rows));
  } catch (const Error& error) {
    CHECK(error.code() == Errc::data);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("whole numbers of every width become int64") {
  CHECK(decode_values(Wire::int2, kInt64, {be<std::int16_t>(-32768), std::nullopt}).texts() ==
        Lines{"-32768", "-"});
  CHECK(decode_values(Wire::int4, kInt64, {be<std::int32_t>(2147483647)}).texts() ==
        Lines{"2147483647"});
  CHECK(decode_values(Wire::int8, kInt64, {be<std::int64_t>(INT64_MIN), be<std::int64_t>(-1)})
            .texts() == Lines{"-9223372036854775808", "-1"});
}

TEST_CASE("floats keep their value; a null is no number") {
  // 1.5, 0.1 as float4 (0x3DCCCCCD), then as float8 (0x3FB999999999999A), NaN and infinity.
  CHECK(decode_values(Wire::float4, kFloat64,
                      {be<std::uint32_t>(0x3FC00000), be<std::uint32_t>(0x3DCCCCCD)})
            .texts() == Lines{"1.5", "0.10000000149011612"});
  CHECK(decode_values(Wire::float8, kFloat64,
                      {be<std::uint64_t>(0x3FB999999999999A), be<std::uint64_t>(0x7FF8000000000000),
                       be<std::uint64_t>(0xFFF0000000000000), std::nullopt})
            .texts() == Lines{"0.1", "nan", "-inf", "-"});
}

TEST_CASE("booleans are one byte") {
  CHECK(decode_values(Wire::boolean, kBoolean, {"\x01", std::string(1, '\0'), std::nullopt})
            .texts() == Lines{"true", "false", "-"});
  CHECK_THAT(failure(Wire::boolean, kBoolean, {copy_row({"\x02"})}), ContainsSubstring("boolean"));
}

TEST_CASE("dates and times count from 2000; infinities are rejected, and so is what overflows") {
  const auto dates =
      decode_values(Wire::date, kDate,
                    {be<std::int32_t>(0), be<std::int32_t>(-10957), be<std::int32_t>(INT32_MAX),
                     be<std::int32_t>(INT32_MIN), be<std::int32_t>(INT32_MAX - 1)});
  CHECK(dates.texts() == Lines{"2000-01-01", "1970-01-01", "-", "-", "-"});
  REQUIRE(dates.bad.size() == 3);
  CHECK(dates.bad[0].value == "infinity");
  CHECK(dates.bad[0].reason == "infinity is no date");
  CHECK(dates.bad[1].value == "-infinity");
  CHECK(dates.bad[2].reason == "out of range for date");

  const auto times = decode_values(
      Wire::time, kTimestamptz,
      {be<std::int64_t>(1), be<std::int64_t>(-946684800000000), be<std::int64_t>(INT64_MAX),
       be<std::int64_t>(INT64_MIN), be<std::int64_t>(9223371331200000000)});
  CHECK(times.texts() ==
        Lines{"2000-01-01T00:00:00.000001Z", "1970-01-01T00:00:00Z", "-", "-", "-"});
  REQUIRE(times.bad.size() == 3);
  CHECK(times.bad[1].row == 3);
  CHECK(times.bad[1].value == "-infinity");
  CHECK(times.bad[2].reason == "out of range for timestamptz");
}

TEST_CASE("numerics are exact decimals") {
  const auto read =
      decode_values(Wire::numeric, decimal_type(10, 2),
                    {numeric(0, 0, 2, {12, 3400}),   // 12.34
                     numeric(-1, 0x4000, 2, {100}),  // -0.01
                     numeric(1, 0, 0, {123}),        // 1230000: the zeros behind are not sent
                     numeric(0, 0, 2, {}),           // 0.00
                     numeric(1, 0, 2, {9999, 9999, 9900}),  // 99999999.99
                     numeric(0, 0, 3, {1, 5}),              // 1.0005: too many decimals
                     numeric(2, 0, 0, {1}),                 // 100000000: too many digits
                     numeric(0, 0xC000, 0, {}),             // NaN
                     numeric(0, 0xD000, 0, {}),             // infinity
                     std::nullopt});
  CHECK(read.texts() ==
        Lines{"12.34", "-0.01", "1230000.00", "0.00", "99999999.99", "-", "-", "-", "-", "-"});
  REQUIRE(read.bad.size() == 4);
  CHECK(read.bad[0].reason == "does not fit decimal(10,2)");
  CHECK(read.bad[1].value == "100000000");
  CHECK(read.bad[2].reason == "NaN is no decimal(10,2)");
  CHECK(read.bad[3].value == "Infinity");
  // 38 nines.
  CHECK(decode_values(Wire::numeric, decimal_type(38, 0),
                      {numeric(9, 0, 0, {99, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999}),
                       numeric(9, 0, 0, {100}), numeric(32767, 0, 0, {1})})
            .texts() == Lines{std::string(38, '9'), "-", "-"});
}

TEST_CASE("numerics become floats to the nearest, and whole numbers where they are") {
  CHECK(decode_values(Wire::numeric, kFloat64,
                      {numeric(0, 0, 1, {0, 1000}), numeric(-1, 0, 1, {1000}),
                       numeric(0, 0x4000, 2, {12, 3400}),
                       // 123456789012345678.9: the nearest double is 123456789012345680
                       numeric(4, 0, 1, {12, 3456, 7890, 1234, 5678, 9000}),
                       numeric(0, 0xC000, 0, {}), numeric(100, 0, 0, {1})})
            .texts() == Lines{"0.1", "0.1", "-12.34", "123456789012345680", "nan", "-"});
  const auto whole =
      decode_values(Wire::numeric, kInt64,
                    {numeric(0, 0, 2, {5}), numeric(4, 0, 0, {922, 3372, 368, 5477, 5807}),
                     numeric(4, 0, 0, {922, 3372, 368, 5477, 5808}), numeric(0, 0, 1, {5, 5000})});
  CHECK(whole.texts() == Lines{"5", "9223372036854775807", "-", "-"});
  CHECK(whole.bad[1].value == "5.5");
}

TEST_CASE("numerics that are none are an error") {
  for (const auto& bytes :
       {std::string(), std::string(7, '\0'), numeric(0, 0, 0, {1}) + "x", numeric(0, 1, 0, {}),
        numeric(0, 0, -1, {}), numeric(0, 0, 0, {10000}), numeric(0, 0, 0, {-1}),
        be<std::int16_t>(-1) + std::string(6, '\0'), be<std::int16_t>(9) + std::string(6, '\0')}) {
    CHECK_THAT(failure(Wire::numeric, decimal_type(5, 1), {copy_row({bytes})}),
               ContainsSubstring("numeric"));
  }
}

TEST_CASE("texts come as they are, jsonb without its version, uuids as text") {
  CHECK(decode_values(Wire::text, kString, {"a,\"b", "", std::nullopt, "ü"}).texts() ==
        Lines{"a,\"b", "", "-", "ü"});
  CHECK(decode_values(Wire::jsonb, kString, {"\x01{\"a\": 1}"}).texts() == Lines{"{\"a\": 1}"});
  CHECK_THAT(failure(Wire::jsonb, kString, {copy_row({"\x02{}"})}), ContainsSubstring("jsonb"));
  CHECK_THAT(failure(Wire::jsonb, kString, {copy_row({""})}), ContainsSubstring("jsonb"));
  CHECK(decode_values(Wire::uuid, kString,
                      {"\xa0\xee\xbc\x99\x9c\x0b\x4e\xf8\xbb\x6d\x6b\xb9\xbd\x38\x0a\x11"})
            .texts() == Lines{"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"});
  CHECK_THAT(failure(Wire::uuid, kString, {copy_row({"short"})}), ContainsSubstring("5 bytes"));
  CHECK(decode_values(Wire::bytes, kBytes, {std::string("\x00\xff", 2), ""}).texts() ==
        Lines{"00ff", ""});
}

TEST_CASE("texts of a dictionary are codes of it, over several pieces") {
  const CopyColumn column{.name = "c",
                          .wire = Wire::text,
                          .type = kString,
                          .dictionary = std::make_shared<nodes::Dictionary>(
                              std::make_shared<nodes::DictionaryBudget>())};
  const auto first = decode({column}, {copy_row({"a"}), copy_row({std::nullopt}), copy_row({"b"})});
  const auto second = decode({column}, {copy_row({"b"}), copy_row({"a text longer than a word"})});
  REQUIRE(first.columns[0]->is_dictionary());
  CHECK(first.columns[0]->dictionary_id() == second.columns[0]->dictionary_id());
  CHECK(first.texts() == Lines{"a", "-", "b"});
  CHECK(second.texts() == Lines{"b", "a text longer than a word"});
  CHECK(first.columns[0]->codes()[2] == second.columns[0]->codes()[0]);
  CHECK(decode({column}, {copy_row({std::nullopt})}).texts() == Lines{"-"});
}

TEST_CASE("texts are read as other types, and rejected where they spell none") {
  const auto read =
      decode_values(Wire::parsed, decimal_type(6, 2), {"12.5", "x", "1.234", std::nullopt});
  CHECK(read.texts() == Lines{"12.50", "-", "-", "-"});
  REQUIRE(read.bad.size() == 2);
  CHECK(read.bad[0].reason == "not a decimal(6,2)");
  CHECK(read.bad[0].value == "x");
  CHECK(decode_values(Wire::parsed, kTimestamptz, {"2024-02-29 12:00:00+02"}).texts() ==
        Lines{"2024-02-29T10:00:00Z"});
}

TEST_CASE("a server of bytes gets its texts looked at") {
  const auto read = decode_values(Wire::text, kString, {"ok", "\xff", "\xc3\xa9"}, true);
  CHECK(read.texts() == Lines{"ok", "-", "é"});
  REQUIRE(read.bad.size() == 1);
  CHECK(read.bad[0].reason == "not valid UTF-8");
}

TEST_CASE("hostile lengths are an error, never a crash") {
  const auto good = copy_row({"abc"});
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_FALSE(failure(Wire::text, kString, {good.substr(0, size)}).empty());
  }
  const auto with_length = [](std::int32_t length) {
    return be<std::int16_t>(1) + be<std::int32_t>(length) + "abc";
  };
  CHECK(failure(Wire::text, kString, {with_length(3)}).empty());
  for (const std::int32_t length : {-2, INT32_MIN, 0, 2, 4, INT32_MAX, -1}) {
    CHECK_FALSE(failure(Wire::text, kString, {with_length(length)}).empty());
  }
  CHECK_FALSE(failure(Wire::text, kString, {copy_row({"a", "b"})}).empty());
  CHECK_FALSE(failure(Wire::text, kString, {copy_row({})}).empty());
  CHECK_FALSE(failure(Wire::text, kString, {good + "x"}).empty());
  CHECK_THAT(failure(Wire::int8, kInt64, {copy_row({be<std::int32_t>(1)})}),
             ContainsSubstring("4 bytes where one of 8"));
  for (const auto wire : {Wire::int2, Wire::float4, Wire::float8}) {
    CHECK_FALSE(failure(wire, kInt64, {copy_row({"abc"})}).empty());
  }
  CHECK_FALSE(failure(Wire::date, kDate, {copy_row({""})}).empty());
  CHECK_FALSE(failure(Wire::time, kTimestamp, {copy_row({"abc"})}).empty());
}

TEST_CASE("a row that is too long keeps its place and nothing else") {
  CopyRows rows(16);
  rows.add(copy_row({"a"}));
  rows.add(copy_row({std::string(kMostRowBytes, 'x')}));
  rows.add(copy_row({"b"}));
  CHECK(rows.rows() == 3);
  CHECK(rows.too_long() == std::vector<std::uint32_t>{1});
  CHECK(rows.bytes() < 100);
  std::vector<BadCell> bad;
  const CopyDecoder decoder({{.name = "c", .wire = Wire::text, .type = kString}}, false);
  const Decoded decoded{decoder.decode(rows, bad), {}};
  CHECK(decoded.texts() == Lines{"a", "-", "b"});
}

TEST_CASE("the head of a copy is taken off, and nothing else is taken for one") {
  const std::string head("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
  CHECK(without_copy_head(head).empty());
  CHECK(without_copy_head(head + "row") == "row");
  auto extended = head;
  extended[18] = 3;
  CHECK(without_copy_head(extended + "extrow") == "row");
  CHECK_THROWS_AS(without_copy_head(extended + "ex"), Error);
  CHECK_THROWS_AS(without_copy_head(head.substr(0, 18)), Error);
  CHECK_THROWS_AS(without_copy_head("1\tone\n and more than nineteen bytes"), Error);
  auto flagged = head;
  flagged[12] = 1;
  CHECK_THROWS_AS(without_copy_head(flagged), Error);
  CHECK(is_copy_end("\xff\xff"));
  CHECK_FALSE(is_copy_end(""));
}

}  // namespace flowrun::postgres
