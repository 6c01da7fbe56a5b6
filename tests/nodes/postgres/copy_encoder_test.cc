#include "nodes/postgres/copy_encoder.h"

#include <fmt/format.h>

#include "engine/data/text.h"
#include "nodes/postgres/copy_check.h"
#include "nodes/postgres/numeric_wire.h"
#include "tests/nodes/postgres/server.h"
#include "tests/support/batches.h"
#include "tests/support/catch.h"

namespace flowrun::postgres {
namespace {

using testing::batch_of;

RelationColumn column_of(Oid type, const std::string& shown, int modifier = -1) {
  return {.name = "c", .type = type, .modifier = modifier, .shown = shown};
}

std::string hex(const std::string& bytes) {
  std::string out;
  append_hex(out, bytes);
  return out;
}

std::vector<CopyForm> forms_of(const Schema& schema, const std::vector<RelationColumn>& columns) {
  std::vector<CopyForm> forms;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    forms.push_back(form_of(schema.field(i).type, columns[i]).value());
  }
  return forms;
}

/// The rows as `table`'s columns show them after a COPY.
std::string round_trip(const BatchRef& batch, const std::string& columns) {
  Connection connection(test::postgres_address());
  connection.execute_all("drop table if exists round; create table round (" + columns + ")");
  const auto relation = look_up(connection, {"", "round"});
  CopyEncoder encoder(forms_of(batch->schema(), relation->columns), false);
  std::string data = copy_header();
  encoder.encode(*batch, 0, data);
  data += copy_trailer();
  connection.begin_copy_in("copy round from stdin (format binary)");
  connection.send(data);
  CHECK(connection.end_copy_in() == batch->rows());
  const auto rows = connection.execute("select * from round");
  std::string text;
  for (int row = 0; row < rows.rows(); ++row) {
    for (int i = 0; i < rows.columns(); ++i) {
      text += (i == 0 ? "" : "|") + (rows.is_null(row, i) ? std::string("-") : rows.string(row, i));
    }
    text += '\n';
  }
  return text;
}

TEST_CASE("rows are laid out as the manual's page of COPY says") {
  const auto batch = batch_of("b bool, i int64, f float64, s string, t timestamp, d date",
                              "true,-2,1.5,hé,2000-01-01T00:00:01,2000-01-02\n,,,,,");
  CopyEncoder encoder(
      forms_of(batch->schema(),
               {column_of(kBoolOid, "boolean"), column_of(kInt2Oid, "smallint"),
                column_of(kFloat8Oid, "double precision"), column_of(kTextOid, "text"),
                column_of(kTimestampOid, "timestamp"), column_of(kDateOid, "date")}),
      true);
  std::string data;
  encoder.encode(*batch, 258, data);
  CHECK(hex(data) ==
        "0007"
        "00000008"
        "0000000000000102"
        "00000001"
        "01"
        "00000002"
        "fffe"
        "00000008"
        "3ff8000000000000"
        "00000003"
        "68c3a9"
        "00000008"
        "00000000000f4240"
        "00000004"
        "00000001"
        "0007"
        "00000008"
        "0000000000000103"
        "ffffffff"
        "ffffffff"
        "ffffffff"
        "ffffffff"
        "ffffffff"
        "ffffffff");
  CHECK(hex(copy_header()) == "5047434f50590aff0d0a000000000000000000");
  CHECK(hex(copy_trailer()) == "ffff");
}

TEST_CASE("numbers arrive exactly") {
  CHECK(round_trip(batch_of("a int64, b int64, c int64, d int64, e int64, f int64",
                            "32767,-2147483648,9223372036854775807,-9223372036854775808,3,0\n"
                            "-32768,2147483647,-9223372036854775808,10000,-4,10001"),
                   "a smallint, b integer, c bigint, d numeric, e real, f double precision") ==
        "32767|-2147483648|9223372036854775807|-9223372036854775808|3|0\n"
        "-32768|2147483647|-9223372036854775808|10000|-4|10001\n");
  CHECK(round_trip(batch_of("a decimal(38,0), b decimal(38,38), c decimal(38,37), d decimal(10,2), "
                            "e decimal(6,1), f decimal(30,5)",
                            "99999999999999999999999999999999999999,0."
                            "99999999999999999999999999999999999999,-9."
                            "1234567890123456789012345678901234567,-0.05,40.0,"
                            "-1000000000000000000000000.00001\n"
                            "-10000,0.00010000000000000000000000000000000000,0.0000000000000000000"
                            "000000000000000001,0,-7.0,0.00010"),
                   "a numeric, b numeric, c numeric, d numeric(12,4), e smallint, f numeric") ==
        "99999999999999999999999999999999999999|0.99999999999999999999999999999999999999|-9."
        "1234567890123456789012345678901234567|-0.0500|40|-1000000000000000000000000.00001\n"
        "-10000|0.00010000000000000000000000000000000000|0.0000000000000000000000000000000000001|0."
        "0000|-7|0.00010\n");
  CHECK(round_trip(batch_of("a float64, b float64, c float64, d float64",
                            "0.1,1e22,1.5,-0.0625\n-12345.678,5e-7,nan,nan\n0,-1e-30,3.25,1e300"),
                   "a numeric, b numeric, c real, d double precision") ==
        "0.1|10000000000000000000000|1.5|-0.0625\n"
        "-12345.678|0.0000005|NaN|NaN\n"
        "0|-0.000000000000000000000000000001|3.25|1e+300\n");
}

TEST_CASE("text, moments and the rest arrive as they are") {
  CHECK(
      round_trip(
          batch_of(
              "a string, b string, c string, d date, e timestamptz, f date, g bytes",
              R"(it's,"{""k"":1}",{a0eebc999c0b4ef8bb6d6bb9bd380a11},0001-01-01,9999-12-31T23:59:59.999999Z,2026-02-28,00ff
                               "",[],A0EE-BC99-9c0b-4ef8-bb6d-6bb9-bd38-0a11,9999-12-31,1970-01-01T00:00:00Z,,)"),
          "a varchar(5), b jsonb, c uuid, d date, e timestamptz, f timestamp, g bytea") ==
      "it's|{\"k\": 1}|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|0001-01-01|9999-12-31 "
      "23:59:59.999999+00|2026-02-28 00:00:00|\\x00ff\n"
      "|[]|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|9999-12-31|1970-01-01 00:00:00+00|-|-\n");
  CHECK(round_trip(batch_of("a int64, b bool, c timestamp, d decimal(4,2)",
                            "-5,true,2026-01-31T10:20:30.5,1.50"),
                   "a text, b varchar, c text, d text") == "-5|true|2026-01-31T10:20:30.5|1.50\n");
}

TEST_CASE("many rows, nulls among them, and dictionaries are encoded alike") {
  std::string rows;
  std::string shown;
  for (int i = 0; i < 1000; ++i) {
    const auto text = i % 7 == 0 ? "" : fmt::format("t{}", i % 13);
    const auto number = i % 3 == 0 ? "" : fmt::format("{}", i);
    rows += fmt::format("{},{},{}\n", text, number, i);
    shown += fmt::format("{}|{}|{}\n", text.empty() ? "-" : text, number.empty() ? "-" : number, i);
  }
  const auto plain = batch_of("a string, b int64, c int64", rows);
  const std::string columns = "a text, b bigint, c integer";
  CHECK(round_trip(plain, columns) == shown);
  CHECK(round_trip(testing::with_dictionary(*plain, "a", 5), columns) == shown);
  CHECK(round_trip(slice(*plain, 100, 300), columns) == [&] {
    std::size_t from = 0;
    for (int i = 0; i < 100; ++i) from = shown.find('\n', from) + 1;
    std::size_t end = from;
    for (int i = 0; i < 300; ++i) end = shown.find('\n', end) + 1;
    return shown.substr(from, end - from);
  }());
}

TEST_CASE("whether a decimal is a numeric(p,s)") {
  CHECK(fits_numeric(12345, 3, 4, 2) == false);   // 12.345
  CHECK(fits_numeric(12340, 3, 4, 2));            // 12.34
  CHECK(fits_numeric(123400, 3, 4, 2) == false);  // 123.40
  CHECK(fits_numeric(-9999, 2, 4, 2));
  CHECK(fits_numeric(0, 10, 1, 0));
  CHECK(fits_numeric(5, 0, 3, 2));
  CHECK(fits_numeric(50, 0, 3, 2) == false);
}

}  // namespace
}  // namespace flowrun::postgres
