#include "engine/data/column.h"

#include <cmath>
#include <limits>
#include <random>

#include "engine/data/builder.h"
#include "engine/data/text.h"
#include "tests/support/batches.h"
#include "tests/support/catch.h"

using namespace flowrun;
using flowrun::testing::batch_of;
using flowrun::testing::csv_of;
using flowrun::testing::with_dictionary;

static const char* const kFields =
    "b bool, i int64, f float64, d decimal(20,3), s string, t date, n timestamp, z timestamptz, y "
    "bytes";

static BatchRef every_type(int rows, unsigned seed) {
  std::mt19937 random(seed);
  BatchBuilder builder(flowrun::testing::schema_of(kFields));
  for (int r = 0; r < rows; ++r) {
    const auto number = static_cast<std::int64_t>(random()) - (1LL << 31);
    for (std::size_t i = 0; i < 9; ++i) {
      auto& column = builder.column(i);
      if (random() % 4 == 0) {
        column.append_null();
      } else if (i == 0) {
        column.append_bool(number % 2 == 0);
      } else if (i == 1 || i == 6 || i == 7) {
        column.append_int64(number * 1'000'003);
      } else if (i == 2) {
        column.append_float64(static_cast<double>(number) / 16);
      } else if (i == 3) {
        column.append_decimal(static_cast<Int128>(number) * 1'000'000'007);
      } else if (i == 5) {
        column.append_date(static_cast<std::int32_t>(number % 100'000));
      } else {
        column.append_text(std::string(random() % 12, static_cast<char>('a' + random() % 26)));
      }
    }
    builder.end_row(static_cast<std::uint64_t>(r) * 2);
  }
  return builder.finish();
}

TEST_CASE("slices and takes of every type show the right rows, slices of slices too") {
  const auto batch = every_type(300, 3);
  std::mt19937 random(4);
  for (int round = 0; round < 40; ++round) {
    const auto from = static_cast<std::int64_t>(random() % 300);
    const auto count = static_cast<std::int64_t>(random() % static_cast<unsigned>(301 - from));
    auto part = slice(*batch, from, count);
    const auto inner = count / 3;
    part = slice(*part, inner, count - inner);
    std::vector<std::uint32_t> rows;
    for (int i = 0; i < 50 && part->rows() > 0; ++i)
      rows.push_back(static_cast<std::uint32_t>(random() % static_cast<unsigned>(part->rows())));
    const auto taken = take(*part, rows);
    for (std::size_t c = 0; c < 9; ++c) {
      std::int64_t nulls = 0;
      for (std::int64_t r = 0; r < part->rows(); ++r) {
        if (!equal_at(part->column(c), r, batch->column(c), from + inner + r))
          FAIL("slice, column " << c);
        nulls += part->column(c).is_valid(r) ? 0 : 1;
      }
      CHECK(part->column(c).null_count() == nulls);
      nulls = 0;
      for (std::size_t r = 0; r < rows.size(); ++r) {
        if (!equal_at(taken->column(c), static_cast<std::int64_t>(r), part->column(c), rows[r]))
          FAIL("take, column " << c);
        nulls += taken->column(c).is_valid(static_cast<std::int64_t>(r)) ? 0 : 1;
      }
      CHECK(taken->column(c).null_count() == nulls);
    }
    for (std::size_t r = 0; r < rows.size(); ++r)
      CHECK(taken->ordinal(static_cast<std::int64_t>(r)) == part->ordinal(rows[r]));
  }
}

TEST_CASE("dictionary columns keep their codes when cut and taken, and decode to the same text") {
  const auto batch = batch_of("s string, i int64", "red,\ngreen,\n,\nred,\n\"\",\nblue,");
  const auto coded = with_dictionary(*batch, "s", 77);
  const std::vector<std::uint32_t> rows{5, 2, 0, 4};
  const auto taken = take(*slice(*coded, 0, 6), rows);
  CHECK(taken->column(0).is_dictionary());
  CHECK(taken->column(0).dictionary_id() == 77);
  CHECK(csv_of(*taken) == "blue,\n,\nred,\n\"\",\n");
  const auto part = slice(*coded, 1, 4);
  CHECK(part->column(0).null_count() == 1);
  const auto plain = decode_dictionary(part->column_ref(0));
  CHECK_FALSE(plain->is_dictionary());
  CHECK(plain->null_count() == 1);
  for (std::int64_t i = 0; i < 4; ++i) CHECK(equal_at(*plain, i, part->column(0), i));
  CHECK(plain->text(1).empty());
  CHECK(decode_dictionary(plain) == plain);
}

TEST_CASE("a column of nulls is null everywhere") {
  const auto schema = flowrun::testing::schema_of(kFields);
  for (const auto& field : schema->fields()) {
    const auto column = null_column(field.type, 70);
    CHECK(column->null_count() == 70);
    for (std::int64_t i = 0; i < 70; ++i) CHECK_FALSE(column->is_valid(i));
    if (field.type.is_text()) CHECK(column->text(69).empty());
    CHECK(null_column(field.type, 0)->length() == 0);
  }
}

TEST_CASE("values are equal and ordered as documented") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  ColumnBuilder builder(kFloat64);
  for (const double value : {0.0, -0.0, nan, -nan, 1.0, std::numeric_limits<double>::infinity()})
    builder.append_float64(value);
  builder.append_null();
  builder.append_null();
  const auto floats = builder.finish();
  CHECK(equal_at(*floats, 0, *floats, 1));
  CHECK(equal_at(*floats, 2, *floats, 3));
  CHECK(equal_at(*floats, 6, *floats, 7));
  CHECK_FALSE(equal_at(*floats, 0, *floats, 6));
  CHECK(compare_at(*floats, 0, *floats, 1) == 0);
  CHECK(compare_at(*floats, 2, *floats, 5) > 0);
  CHECK(compare_at(*floats, 2, *floats, 3) == 0);
  CHECK(compare_at(*floats, 0, *floats, 4) < 0);
  const auto texts = batch_of("s string", "a\nB\nab\n\xC3\xA4\n\"\"");
  const auto& s = texts->column(0);
  CHECK(compare_at(s, 0, s, 1) > 0);  // by bytes, not by language
  CHECK(compare_at(s, 0, s, 2) < 0);
  CHECK(compare_at(s, 3, s, 2) > 0);
  CHECK(compare_at(s, 4, s, 0) < 0);
  const auto bools = batch_of("b bool", "false\ntrue");
  CHECK(compare_at(bools->column(0), 0, bools->column(0), 1) < 0);
}
