#include "engine/data/builder.h"

#include "engine/data/text.h"
#include "tests/support/batches.h"
#include "tests/support/catch.h"

using namespace flowrun;

TEST_CASE("a builder makes columns of every type and starts anew") {
  for (const auto* type : {"bool", "int64", "float64", "decimal(10,2)", "string", "date",
                           "timestamp", "timestamptz", "bytes"}) {
    INFO(type);
    ColumnBuilder builder(*parse_type(type));
    const std::string text = builder.type().id == TypeId::boolean   ? "true"
                             : builder.type().id == TypeId::decimal ? "12.50"
                             : builder.type().id == TypeId::date    ? "2024-02-29"
                             : builder.type().is_time()             ? "2024-02-29T01:02:03"
                             : builder.type().id == TypeId::bytes   ? "00ff10"
                                                                    : "7";
    for (int round = 0; round < 2; ++round) {
      CHECK(builder.length() == 0);
      for (int i = 0; i < 1000; ++i) {
        if (i % 3 == 1) {
          builder.append_null();
        } else {
          REQUIRE(parse_append(builder, text));
        }
      }
      CHECK(builder.bytes() > 0);
      const auto column = builder.finish();
      REQUIRE(column->length() == 1000);
      CHECK(column->null_count() == 333);
      for (std::int64_t i = 0; i < 1000; ++i) {
        if (column->is_valid(i) != (i % 3 != 1)) FAIL("row " << i);
        if (i % 3 == 1) continue;
        const auto expected = text + (builder.type().id == TypeId::timestamptz ? "Z" : "");
        if (text_of(*column, i) != expected) FAIL(text_of(*column, i));
      }
    }
  }
}

TEST_CASE("a column without nulls has no bitmap") {
  ColumnBuilder builder(kInt64);
  builder.append_int64(1);
  CHECK(builder.finish()->parts().validity == nullptr);
}

TEST_CASE("an empty column is a column") {
  for (const auto type : {kString, kBytes, kInt64, kBoolean, decimal_type(5, 2)}) {
    ColumnBuilder builder(type);
    const auto column = builder.finish();
    CHECK(column->length() == 0);
    CHECK(column->null_count() == 0);
    CHECK(slice(column, 0, 0)->length() == 0);
    CHECK(take(*column, {})->length() == 0);
  }
}

TEST_CASE("memory of finished batches is used again") {
  BatchBuilder builder(flowrun::testing::schema_of("a int64, b string"));
  const auto fill = [&] {
    for (int i = 0; i < 2000; ++i) {
      builder.column(0).append_int64(i);
      builder.column(1).append_text("some text that fills the buffers");
      builder.end_row(static_cast<std::uint64_t>(i));
    }
    return builder.finish();
  };
  (void)fill();
  const auto kept = Buffer::recycled_bytes();
  const auto batch = fill();
  CHECK(Buffer::recycled_bytes() <= kept - 2000 * 8);
  CHECK(batch->rows() == 2000);
}

TEST_CASE("a batch builder is full at the limit of rows or of bytes") {
  BatchBuilder rows(flowrun::testing::schema_of("a bool"));
  for (std::int64_t i = 0; i < kMaxBatchRows; ++i) {
    REQUIRE_FALSE(rows.full());
    rows.column(0).append_bool(true);
    rows.end_row(0);
  }
  CHECK(rows.full());
  BatchBuilder bytes(flowrun::testing::schema_of("a string"));
  bytes.column(0).append_text(std::string(static_cast<std::size_t>(kMaxBatchBytes), 'x'));
  bytes.end_row(0);
  CHECK(bytes.full());
}

TEST_CASE("rows are appended from batches with their ordinals, dictionaries decoded") {
  const auto plain =
      flowrun::testing::batch_of("a string, b bool", "x,true\n,false\n\"\",\nx,", 40);
  const auto coded = flowrun::testing::with_dictionary(*plain, "a", 9);
  BatchBuilder builder(plain->schema_ref());
  for (const std::int64_t row : {3, 1, 0, 2}) builder.append_from(*coded, row);
  const auto batch = builder.finish();
  CHECK(flowrun::testing::csv_of(*batch) == "x,\n,false\nx,true\n\"\",\n");
  CHECK(batch->ordinal(0) == 43);
  CHECK(batch->ordinal(3) == 42);
}
