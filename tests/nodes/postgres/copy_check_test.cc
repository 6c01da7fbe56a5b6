#include "nodes/postgres/copy_check.h"

#include "engine/data/builder.h"
#include "tests/support/batches.h"
#include "tests/support/catch.h"

namespace flowrun::postgres {
namespace {

using testing::batch_of;

RelationColumn column_of(Oid type, const std::string& shown) {
  return {.name = "c", .type = type, .shown = shown};
}

TEST_CASE("text that can be stored is UTF-8 without NUL") {
  for (const char* good :
       {"", "plain", "eight by", "é", "€", "\xF0\x9F\x9A\xA2", "\xF4\x8F\xBF\xBF",
        "plain and then é", "\xED\x9F\xBF", "\xEE\x80\x80"}) {
    CAPTURE(good);
    CHECK(is_storable(good));
  }
  for (const std::string& bad :
       {std::string("\0", 1), std::string("12345678\0", 9), std::string("1234567\0", 8),
        std::string("\x80"), std::string("\xC1\xBF"), std::string("\xE0\x9F\xBF"),
        std::string("\xED\xA0\x80"), std::string("\xF0\x8F\xBF\xBF"),
        std::string("\xF4\x90\x80\x80"), std::string("\xF5\x80\x80\x80"),
        std::string("ends\xE2\x82"), std::string("\xE2\x28\xA1")}) {
    CAPTURE(bad);
    CHECK_FALSE(is_storable(bad));
  }
}

TEST_CASE("UUIDs as PostgreSQL reads them") {
  const auto bytes = parse_uuid("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
  REQUIRE(bytes);
  CHECK(bytes->size() == 16);
  CHECK(parse_uuid("{A0EEBC99-9C0B4EF8-BB6D6BB9-BD380A11}") == bytes);
  CHECK(parse_uuid("a0eebc999c0b4ef8bb6d6bb9bd380a11") == bytes);
  for (const char* bad :
       {"", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "a0e-ebc999c0b4ef8bb6d6bb9bd380a11",
        "-a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0eebc999c0b4ef8bb6d6bb9bd380a11-",
        "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0ee--bc999c0b4ef8bb6d6bb9bd380a11"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_uuid(bad));
  }
}

TEST_CASE("a row with several faults is one reject, and the good rows stay in order") {
  const auto batch =
      batch_of("k int64, v int64, t timestamp",
               "1,1,2026-01-01\n,40000,\n2,40000,\n3,-40000,\n4,,\n5,5,", 10);
  const CopyCheck check(
      {{.form = form_of(kInt64, column_of(kInt8Oid, "bigint")).value(), .is_key = true},
       {.form = form_of(kInt64, column_of(kInt2Oid, "smallint")).value()},
       {.form = form_of(kTimestamp, column_of(kTimestampOid, "timestamp")).value()}},
      true);
  std::vector<Reject> rejects;
  const auto good = check.check(batch, rejects);
  REQUIRE(rejects.size() == 3);
  CHECK(rejects[0].reason == "key column is null");
  CHECK(rejects[0].ordinal == 11);
  CHECK(rejects[1].reason == "does not fit smallint");
  CHECK(rejects[1].value == "40000");
  CHECK(rejects[2].record == R"({"k":3,"v":-40000,"t":null})");
  CHECK(testing::ordinals_of({good}) == "10 14 15");
  CHECK(check.check(slice(*batch, 0, 1), rejects)->rows() == 1);
}

TEST_CASE("moments before the first that PostgreSQL has are rejects") {
  BatchBuilder builder(testing::schema_of("t timestamp, d date"));
  const std::vector<std::pair<std::int64_t, std::int32_t>> values{
      {-210'866'803'200'000'000, -2'440'588},
      {-210'866'803'200'000'001, 0},
      {0, -2'440'589},
      {INT64_MAX, 2'145'042'905},
      {INT64_MIN, 0},
      {0, 2'145'042'906}};
  for (std::size_t i = 0; i < values.size(); ++i) {
    builder.column(0).append_int64(values[i].first);
    builder.column(1).append_date(values[i].second);
    builder.end_row(i);
  }
  const CopyCheck check(
      {{.form = form_of(kTimestamp, column_of(kTimestampOid, "timestamp")).value()},
       {.form = form_of(kDate, column_of(kDateOid, "date")).value()}},
      true);
  std::vector<Reject> rejects;
  CHECK(testing::ordinals_of({check.check(builder.finish(), rejects)}) == "0 3");
}

TEST_CASE("which types go into which") {
  const auto goes = [](Type from, Oid to) { return form_of(from, column_of(to, "x")).has_value(); };
  CHECK(goes(kInt64, kNumericOid));
  CHECK(goes(decimal_type(10, 2), kInt4Oid));
  CHECK_FALSE(goes(decimal_type(10, 2), kFloat8Oid));
  CHECK_FALSE(goes(kFloat64, kInt8Oid));
  CHECK_FALSE(goes(kString, kInt8Oid));
  CHECK_FALSE(goes(kTimestamp, kTimestamptzOid));
  CHECK_FALSE(goes(kTimestamptz, kTimestampOid));
  CHECK_FALSE(goes(kTimestamp, kDateOid));
  CHECK_FALSE(goes(kBytes, kTextOid));
  CHECK_FALSE(goes(kBoolean, kInt4Oid));
  CHECK(goes(kBoolean, kTextOid));
  const auto form = [](const std::string& shown) {
    return form_of(kString, column_of(999'999, shown)).value();
  };
  CHECK_FALSE(form("inet").direct);
  CHECK(form("character varying(8)[]").cast == "::character varying[]");
  CHECK(form("character(8)[]").cast == "::bpchar[]");
  CHECK(form("bit(3)").cast == "::varbit");
  CHECK(form("\"odd (8)\".\"type\"").cast == "::\"odd (8)\".\"type\"");
}

}  // namespace
}  // namespace flowrun::postgres
