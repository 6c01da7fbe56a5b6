#include "nodes/formats/ndjson_infer.h"

#include "tests/nodes/formats/csv_testing.h"
#include "tests/support/catch.h"

namespace {

using namespace flowrun;
using namespace flowrun::nodes;
using namespace flowrun::testing;

std::string schema_of_text(std::string_view text) {
  const TempFolder folder;
  const auto path = write_file(folder / "in.ndjson", text);
  return to_string(*infer_ndjson_schema({{.name = "in", .path = path}}, {}).schema);
}

}  // namespace

TEST_CASE("each kind of value has its type, keys stand in order of first appearance") {
  CHECK(
      schema_of_text(
          "{\"i\":1,\"f\":1.5,\"b\":true,\"s\":\"x\",\"d\":\"2024-01-01\",\"t\":\"2024-01-01T00:00:"
          "00\",\"z\":\"2024-01-01T00:00:00Z\",\"o\":{\"x\":1},\"a\":[1],\"n\":null}\n") ==
      "i int64, f float64, b bool, s string, d date, t timestamp, z timestamptz, o string, a "
      "string, n string");
  CHECK(schema_of_text("{\"b\":1}\n{\"a\":2,\"b\":3}\n") == "b int64, a int64");
}

TEST_CASE("values of several kinds make a string, whole and broken numbers a float") {
  CHECK(schema_of_text("{\"a\":1,\"b\":1,\"c\":null,\"d\":\"2024-01-01\",\"e\":true}\n"
                       "{\"a\":1.5,\"b\":\"x\",\"c\":7,\"d\":\"soon\",\"e\":1}\n") ==
        "a float64, b string, c int64, d string, e string");
  CHECK(schema_of_text("{\"big\":18446744073709551615,\"n\":\"12\"}\n") == "big string, n string");
}

TEST_CASE("lines that are no objects say nothing") {
  CHECK(schema_of_text("[1]\nbad\n\n{\"a\":1}\n") == "a int64");
  CHECK(schema_of_text("[1]\n") == "");
  CHECK(schema_of_text("") == "");
}

TEST_CASE("the sample is the first thousand lines, over several files where one is short") {
  const TempFolder folder;
  std::string many;
  for (int i = 0; i < 1500; ++i) many += i < 1200 ? "{\"a\":1}\n" : "{\"a\":\"x\"}\n";
  const auto one = write_file(folder / "1", "{\"a\":1}\n");
  const auto two = write_file(folder / "2", many);
  const auto found =
      infer_ndjson_schema({{.name = "1", .path = one}, {.name = "2", .path = two}}, {});
  CHECK(found.rows == 1000);
  CHECK(found.files == std::vector<std::string>{"1", "2"});
  CHECK(to_string(*found.schema) == "a int64");
}
