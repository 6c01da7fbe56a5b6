#include "engine/data/arrow_c.h"

#include <array>
#include <random>

#include "engine/core/error.h"
#include "engine/data/builder.h"
#include "tests/support/batches.h"
#include "tests/support/catch.h"

using namespace flowrun;
using Catch::Matchers::ContainsSubstring;
using flowrun::testing::batch_of;
using flowrun::testing::csv_of;

namespace {

const char* const kFields =
    "b bool, i int64, f float64, d decimal(20,3), s string, t date, n timestamp, z timestamptz, y "
    "bytes";
const char* const kRows =
    "true,1,1.5,2.125,x,2024-02-29,2024-02-29T01:02:03.5,2024-02-29T01:02:03Z,00ff\n"
    ",,,,,,,,\n"
    "false,-5,-0.25,-7.000,\"\",1969-12-31,1969-12-31T23:59:59.999999,1900-01-01T00:00:00Z,\"\"\n"
    "true,9223372036854775807,1e+300,12345678901234567.890,\"a,b\",9999-12-31,0001-01-01T00:00:00,"
    "9999-12-31T00:00:00Z,ab\n"
    ",7,,1.000,,2000-01-01,,2000-01-01T00:00:00Z,\n";

/// Exports and imports; the exported schema is released at the end, the array by the import's last
/// user.
BatchRef round_trip(const BatchRef& batch) {
  ArrowSchema schema{};
  ArrowArray array{};
  export_batch(*batch, &schema, &array);
  auto back = import_batch(&array, schema, batch->ordinals());
  CHECK(array.release == nullptr);
  schema.release(&schema);
  CHECK(schema.release == nullptr);
  return back;
}

/// Counts the calls of a release callback put in place of an array's own.
template <typename Exported>
struct Counted {
  void (*release)(Exported*);
  void* data;
  int* calls;
};

template <typename Exported>
void count_releases(Exported& exported, int& calls) {
  exported.private_data = new Counted<Exported>{exported.release, exported.private_data, &calls};
  exported.release = [](Exported* self) {
    auto* counted = static_cast<Counted<Exported>*>(self->private_data);
    ++*counted->calls;
    self->private_data = counted->data;
    counted->release(self);
    delete counted;
  };
}

/// A foreign array: buffers on the stack of a test.
ArrowArray foreign(std::int64_t length, std::int64_t offset, std::int64_t null_count,
                   std::span<const void*> buffers) {
  ArrowArray array{};
  array.length = length;
  array.offset = offset;
  array.null_count = null_count;
  array.n_buffers = static_cast<std::int64_t>(buffers.size());
  array.buffers = buffers.data();
  array.release = [](ArrowArray* self) { self->release = nullptr; };
  return array;
}

ArrowSchema type_of(const char* format, const char* name = "x") {
  ArrowSchema schema{};
  schema.format = format;
  schema.name = name;
  return schema;
}

}  // namespace

TEST_CASE("batches of every type survive the Arrow C interface, slices with nulls included") {
  const auto batch = batch_of(kFields, kRows, 100);
  const auto back = round_trip(batch);
  CHECK(back->schema() == batch->schema());
  CHECK(csv_of(*back) == csv_of(*batch));
  CHECK(back->ordinal(4) == 104);
  for (std::int64_t from = 0; from <= 5; ++from) {
    for (std::int64_t count = 0; from + count <= 5; ++count) {
      const auto part = slice(*batch, from, count);
      const auto there = round_trip(part);
      CHECK(csv_of(*there) == csv_of(*part));
      for (std::size_t i = 0; i < 9; ++i)
        CHECK(there->column(i).null_count() == part->column(i).null_count());
    }
  }
}

TEST_CASE("nothing is copied, and exported memory outlives the batch") {
  auto batch = batch_of(kFields, kRows);
  const auto* ints = batch->column(1).values<std::int64_t>().data();
  const auto expected = csv_of(*batch);
  auto back = round_trip(batch);
  CHECK(back->column(1).values<std::int64_t>().data() == ints);
  batch.reset();
  CHECK(csv_of(*back) == expected);
}

TEST_CASE("dictionary columns keep codes and dictionary") {
  const auto batch = flowrun::testing::with_dictionary(
      *batch_of("a int64, s string", "1,red\n2,\n3,blue\n4,red"), "s", 3);
  const auto part = slice(*batch, 1, 3);
  ArrowSchema schema{};
  ArrowArray array{};
  export_batch(*part, &schema, &array);
  CHECK(std::string(schema.children[1]->format) == "i");
  CHECK(std::string(schema.children[1]->dictionary->format) == "u");
  CHECK(array.children[1]->dictionary->length == 2);
  const auto back = import_batch(&array, schema);
  schema.release(&schema);
  CHECK(back->column(1).is_dictionary());
  CHECK(back->column(1).codes().data() == part->column(1).codes().data());
  CHECK(csv_of(*back) == "2,\n3,blue\n4,red\n");
}

TEST_CASE("formats are those of the specification") {
  ArrowSchema schema{};
  export_schema(*flowrun::testing::schema_of(kFields), &schema);
  CHECK(std::string(schema.format) == "+s");
  REQUIRE(schema.n_children == 9);
  std::string formats;
  for (std::int64_t i = 0; i < 9; ++i) {
    formats += std::string(schema.children[i]->name) + "=" + schema.children[i]->format + " ";
    CHECK(schema.children[i]->flags == ARROW_FLAG_NULLABLE);
  }
  CHECK(formats == "b=b i=l f=g d=d:20,3 s=u t=tdD n=tsu: z=tsu:UTC y=z ");
  CHECK(*import_schema(schema) == *flowrun::testing::schema_of(kFields));
  schema.release(&schema);
}

TEST_CASE("a foreign array is released once, with the last user of its memory") {
  ArrowSchema schema{};
  ArrowArray array{};
  int released = 0;
  export_batch(*batch_of(kFields, kRows), &schema, &array);
  count_releases(array, released);
  ColumnRef kept;
  {
    const auto batch = import_batch(&array, schema);
    kept = slice(batch->column_ref(4), 1, 2);
  }
  CHECK(released == 0);
  kept.reset();
  CHECK(released == 1);
  schema.release(&schema);
}

TEST_CASE("a child that its consumer moved away is not released with the parent") {
  ArrowSchema schema{};
  ArrowArray array{};
  export_batch(*batch_of("a int64, s string", "1,x\n2,y"), &schema, &array);
  int released = 0;
  ArrowArray child = *array.children[1];
  array.children[1]->release = nullptr;
  count_releases(child, released);
  array.release(&array);
  CHECK(released == 0);
  const auto column = import_column(&child, *schema.children[1]);
  CHECK(column->text(1) == "y");
  schema.release(&schema);
}

TEST_CASE("an array is released when its import fails") {
  int released = 0;
  std::array<const void*, 2> buffers{};
  auto array = foreign(1, 0, 0, buffers);
  count_releases(array, released);
  CHECK_THROWS_AS(import_column(&array, type_of("f")), Error);
  CHECK(released == 1);
  CHECK(array.release == nullptr);
}

TEST_CASE("foreign slices and unknown null counts are understood") {
  const std::array<std::int64_t, 5> values{10, 20, 30, 40, 50};
  const std::uint8_t validity = 0b10110;
  std::array<const void*, 2> buffers{&validity, values.data()};
  for (const std::int64_t nulls : {-1, 2}) {
    auto array = foreign(4, 1, nulls, buffers);
    const auto column = import_column(&array, type_of("l"));
    CHECK(column->null_count() == 1);
    CHECK(column->values<std::int64_t>()[0] == 20);
    CHECK(column->is_valid(1));
    CHECK_FALSE(column->is_valid(2));
    CHECK(column->is_valid(3));
  }
  buffers[0] = nullptr;
  auto array = foreign(4, 1, -1, buffers);
  CHECK(import_column(&array, type_of("l"))->null_count() == 0);
}

TEST_CASE("the offset of a struct counts for its children, on top of their own") {
  const std::array<std::int64_t, 6> values{0, 1, 2, 3, 4, 5};
  std::array<const void*, 2> buffers{nullptr, values.data()};
  auto child = foreign(5, 1, 0, buffers);
  ArrowArray* children = &child;
  std::array<const void*, 1> none{nullptr};
  auto array = foreign(2, 2, 0, none);
  array.n_children = 1;
  array.children = &children;
  auto field = type_of("l", "a");
  ArrowSchema* fields = &field;
  auto schema = type_of("+s", "");
  schema.n_children = 1;
  schema.children = &fields;
  CHECK(csv_of(*import_batch(&array, schema)) == "3\n4\n");
}

TEST_CASE("rows that are null as a whole are refused") {
  const std::uint8_t validity = 0b01;
  std::array<const void*, 1> buffers{&validity};
  auto array = foreign(2, 0, -1, buffers);
  CHECK_THROWS_WITH(import_batch(&array, type_of("+s", "")), ContainsSubstring("null as a whole"));
}

TEST_CASE("what is not laid out as the engine needs it is copied") {
  const std::array<std::int32_t, 4> offsets{0, 1, 3, 4};
  const std::uint8_t validity = 0b101;
  std::array<const void*, 3> text{&validity, offsets.data(), "abcd"};
  auto strings = foreign(3, 0, 1, text);
  const auto column = import_column(&strings, type_of("u"));
  CHECK(column->text(0) == "a");
  CHECK(column->text(1).empty());  // null: no text under it
  CHECK(column->text(2) == "d");

  alignas(16) std::array<char, 40> bytes{};
  bytes[8] = 7;
  std::array<const void*, 2> decimals{nullptr, bytes.data() + 8};
  auto unaligned = foreign(2, 0, 0, decimals);
  const auto copied = import_column(&unaligned, type_of("d:10,2"));
  CHECK(copied->values<Int128>()[0] == 7);
  CHECK(copied->values<Int128>()[1] == 0);

  std::array<const void*, 3> nothing{nullptr, nullptr, nullptr};
  auto empty = foreign(0, 0, 0, nothing);
  CHECK(import_column(&empty, type_of("u"))->length() == 0);
}

TEST_CASE("a dictionary that holds nulls becomes plain strings") {
  const std::array<std::int32_t, 3> offsets{0, 1, 1};
  const std::uint8_t validity = 0b01;
  std::array<const void*, 3> text{&validity, offsets.data(), "a"};
  auto dictionary = foreign(2, 0, -1, text);
  const std::array<std::int32_t, 3> codes{0, 1, 0};
  std::array<const void*, 2> buffers{nullptr, codes.data()};
  auto array = foreign(3, 0, 0, buffers);
  array.dictionary = &dictionary;
  auto values = type_of("u", "");
  auto schema = type_of("i");
  schema.dictionary = &values;
  const auto column = import_column(&array, schema);
  CHECK_FALSE(column->is_dictionary());
  CHECK(column->null_count() == 1);
  CHECK(column->text(2) == "a");
}

TEST_CASE("timestamps of any zone are UTC, other types are refused by name") {
  auto field = type_of("tsu:Europe/Berlin", "t");
  ArrowSchema* fields = &field;
  auto schema = type_of("+s", "");
  schema.n_children = 1;
  schema.children = &fields;
  CHECK(import_schema(schema)->field(0).type == kTimestamptz);
  for (const auto* format : {"c", "L", "f", "e", "U", "Z", "vu", "tdm", "tsn:UTC", "ttu", "tDu",
                             "+l", "n", "d:39,0", "d:10,-2", "d:10,2,256", "d:", "w:4"}) {
    field.format = format;
    CHECK_THROWS_WITH(
        import_schema(schema),
        "column \"t\": it has no type here, its Arrow format is \"" + std::string(format) + "\"");
  }
  field.format = "d:10,2,128";
  CHECK(import_schema(schema)->field(0).type == decimal_type(10, 2));
  auto values = type_of("u", "");
  field = type_of("c", "t");
  field.dictionary = &values;
  CHECK_THROWS_WITH(import_schema(schema), ContainsSubstring("its Arrow format is \"c\""));
  CHECK_THROWS_WITH(import_schema(type_of("l")), ContainsSubstring("must be a struct"));
}
