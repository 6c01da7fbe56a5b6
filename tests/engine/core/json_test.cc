#include "engine/core/json.h"

#include <limits>

#include "tests/support/catch.h"

using flowrun::JsonWriter;

TEST_CASE("JSON on one line has commas where they belong") {
  JsonWriter json;
  json.begin_object()
      .field("a", 1)
      .key("b")
      .begin_array()
      .text("x\n\"")
      .boolean(true)
      .null()
      .end_array();
  json.key("c").begin_object().end_object().field("d", 0.5).field("e", "").end_object();
  CHECK(json.str() == R"({"a":1,"b":["x\n\"",true,null],"c":{},"d":0.5,"e":""})");
}

TEST_CASE("lists and tables of texts are one call") {
  JsonWriter json;
  json.begin_object()
      .field("l", std::vector<std::string>{"a", "b"})
      .field("m", std::map<std::string, std::string>{{"k", "v"}})
      .end_object();
  CHECK(json.str() == R"({"l":["a","b"],"m":{"k":"v"}})");
}

TEST_CASE("numbers that JSON does not know are null") {
  JsonWriter json;
  json.begin_array()
      .number(std::numeric_limits<double>::infinity())
      .number(std::numeric_limits<double>::quiet_NaN());
  json.number(1e300).end_array();
  CHECK(json.str() == "[null,null,1e+300]");
}
