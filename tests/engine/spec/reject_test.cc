#include "engine/spec/reject.h"
#include "engine/core/json.h"

#include "tests/support/batches.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;

TEST_CASE("rejects become a batch of the one schema, under their ordinals") {
  const auto batch = make_reject_batch({{.reason = "not a float64",
                                         .column = "v",
                                         .value = "x,y",
                                         .origin = "a.csv:2:9",
                                         .record = "1,\"x,y\"",
                                         .ordinal = 7},
                                        {.reason = "no route"}},
                                       "readings", "load 1", "run1");
  CHECK(batch->schema() == *reject_schema());
  CHECK(to_string(*reject_schema()) ==
        "node string, reason string, column string, value string, origin string, record string, "
        "unit string, run string");
  CHECK(csv_of(*batch) ==
        "readings,not a float64,v,\"x,y\",a.csv:2:9,\"1,\"\"x,y\"\"\",load 1,run1\nreadings,no "
        "route,\"\",\"\",\"\",\"\",load 1,run1\n");
  CHECK(batch->ordinal(0) == 7);
}

TEST_CASE("a row as a JSON object keeps every value") {
  const auto batch = batch_of(
      "b bool, i int64, f float64, d decimal(10,2), s string, t date, z timestamptz, y bytes",
      "true,-1,0.5,1.50,\"a\"\"b\",2024-02-29,2024-02-29T00:00:00Z,00ff\n,,inf,,,,,");
  CHECK(
      record_of(*batch, 0) ==
      R"({"b":true,"i":-1,"f":0.5,"d":1.50,"s":"a\"b","t":"2024-02-29","z":"2024-02-29T00:00:00Z","y":"00ff"})");
  CHECK(record_of(*batch, 1) ==
        R"({"b":null,"i":null,"f":"inf","d":null,"s":null,"t":null,"z":null,"y":null})");
}

TEST_CASE("JSON strings are escaped, bytes that are no UTF-8 replaced one by one") {
  const auto json = [](std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
  };
  CHECK(json("") == "\"\"");
  CHECK(json("a\"\\\n\r\t\x01\x7f/") == "\"a\\\"\\\\\\n\\r\\t\\u0001\x7f/\"");
  CHECK(json("\xC3\xA4\xF4\x8F\xBF\xBF") == "\"\xC3\xA4\xF4\x8F\xBF\xBF\"");
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(json("\xC0\xAF") == "\"" + bad + bad + "\"");                      // overlong
  CHECK(json("\xED\xA0\x80") == "\"" + bad + bad + bad + "\"");            // a surrogate
  CHECK(json("\xF4\x90\x80\x80") == "\"" + bad + bad + bad + bad + "\"");  // beyond Unicode
  CHECK(json("\xE2\x82") == "\"" + bad + bad + "\"");                      // cut off
}
