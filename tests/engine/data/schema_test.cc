#include "engine/data/schema.h"

#include "engine/core/error.h"
#include "tests/support/catch.h"

using namespace flowrun;

TEST_CASE("types are read as they are written") {
  for (const auto* text : {"bool", "int64", "float64", "string", "date", "timestamp", "timestamptz",
                           "bytes", "decimal(38,0)", "decimal(1,1)", "decimal(18,2)"}) {
    INFO(text);
    REQUIRE(parse_type(text));
    CHECK(to_string(*parse_type(text)) == text);
  }
  CHECK(parse_type("decimal(5)") == decimal_type(5, 0));
  CHECK(parse_type("decimal( 5 , 2 )") == decimal_type(5, 2));
  for (const auto* text :
       {"", "int", "INT64", "decimal", "decimal()", "decimal(0)", "decimal(39)", "decimal(5,6)",
        "decimal(5,-1)", "decimal(5,2", "decimal(5,2)x", "string "}) {
    INFO(text);
    CHECK_FALSE(parse_type(text));
  }
}

TEST_CASE("a schema finds its columns by name") {
  const Schema schema({{"ts", kTimestamptz}, {"v", decimal_type(5, 2)}});
  CHECK(schema.index_of("v") == 1U);
  CHECK_FALSE(schema.index_of("V"));
  CHECK(to_string(schema) == "ts timestamptz, v decimal(5,2)");
  CHECK(schema == Schema({{"ts", kTimestamptz}, {"v", decimal_type(5, 2)}}));
  CHECK_FALSE(schema == Schema({{"ts", kTimestamptz}, {"v", decimal_type(5, 3)}}));
  CHECK(schema.names() == std::vector<std::string>{"ts", "v"});
}

TEST_CASE("a schema that names a column twice is a bug") {
  CHECK_THROWS_WITH(Schema({{"a", kInt64}, {"a", kString}}),
                    Catch::Matchers::ContainsSubstring("\"a\" twice"));
}
