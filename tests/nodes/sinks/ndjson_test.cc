#include "nodes/formats/ndjson_writer.h"

#include "engine/data/builder.h"
#include "nodes/catalog.h"
#include "nodes/formats/line_builder.h"
#include "tests/nodes/files/harness.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using namespace flowrun::nodes;

static std::string written(const BatchRef& batch) {
  return std::string(text_of_lines(*NdjsonWriter(batch->schema()).lines(*batch)));
}

TEST_CASE("every type has its form in JSON") {
  const auto batch = batch_of(
      "b bool, i int64, f float64, d decimal(10,2), s string, t date, n timestamp, z timestamptz, "
      "y bytes",
      "true,-5,0.1,1.50,text,2024-02-29,2024-02-29T01:02:03.5,2024-02-29T00:00:00Z,00ff\n"
      ",,,,,,,,\n"
      "false,0,nan,-0.05,\"\",0001-01-01,1969-12-31T23:59:59,9999-12-31T00:00:00Z,\"\"");
  CHECK(
      written(batch) ==
      R"({"b":true,"i":-5,"f":0.1,"d":1.50,"s":"text","t":"2024-02-29","n":"2024-02-29T01:02:03.5","z":"2024-02-29T00:00:00Z","y":"00ff"})"
      "\n"
      R"({"b":null,"i":null,"f":null,"d":null,"s":null,"t":null,"n":null,"z":null,"y":null})"
      "\n"
      R"({"b":false,"i":0,"f":"nan","d":-0.05,"s":"","t":"0001-01-01","n":"1969-12-31T23:59:59","z":"9999-12-31T00:00:00Z","y":""})"
      "\n");
}

TEST_CASE("texts and names are escaped as JSON wants it, invalid UTF-8 is replaced") {
  BatchBuilder builder(make_schema({{"a\"b", kString}}));
  for (const std::string_view text :
       {std::string_view("q\"b\\s/"), std::string_view("\n\r\t\0\x1f", 5),
        std::string_view("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), std::string_view("x\xFFy\xC3"),
        std::string_view("\xED\xA0\x80")}) {
    builder.column(0).append_text(text);
    builder.end_row(0);
  }
  CHECK(written(builder.finish()) ==
        "{\"a\\\"b\":\"q\\\"b\\\\s/\"}\n"
        "{\"a\\\"b\":\"\\n\\r\\t\\u0000\\u001f\"}\n"
        "{\"a\\\"b\":\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"}\n"
        "{\"a\\\"b\":\"x\xEF\xBF\xBDy\xEF\xBF\xBD\"}\n"
        "{\"a\\\"b\":\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"}\n");
}

TEST_CASE("dictionary columns are written like plain ones") {
  const auto plain = batch_of("s string, i int64", "red,1\n\"a\"\"b\",2\n,3\nred,6");
  CHECK(written(with_dictionary(*plain, "s", 4)) == written(plain));
}

TEST_CASE("long texts fit") {
  const std::string text(300'000, 'x');
  BatchBuilder builder(schema_of("s string"));
  for (int i = 0; i < 3; ++i) {
    builder.column(0).append_text(i == 1 ? text + "\n" : text);
    builder.end_row(0);
  }
  CHECK(written(builder.finish()) ==
        "{\"s\":\"" + text + "\"}\n{\"s\":\"" + text + "\\n\"}\n{\"s\":\"" + text + "\"}\n");
}

TEST_CASE("rejects are rows like others: the reject schema goes to an ndjson file") {
  TempFolder folder;
  CoverageFake store;
  FileRun run(ndjson_sink(), {{"path", value(folder / "rejected.ndjson")}},
              "node string, reason string, column string, value string, origin string, record "
              "string, unit string, run string",
              store, folder / "");
  run.start();
  run.put(hour(0), {make_reject_batch({{.reason = "not a float64",
                                        .column = "v",
                                        .value = "x",
                                        .origin = "a.csv:7:90",
                                        .record = "1,x",
                                        .ordinal = 5}},
                                      "readings", "window", "run1")});
  run.close();
  CHECK(
      content(folder / "rejected.ndjson") ==
      R"({"node":"readings","reason":"not a float64","column":"v","value":"x","origin":"a.csv:7:90","record":"1,x","unit":"window","run":"run1"})"
      "\n");
}

TEST_CASE("a run that rejected nothing leaves an empty file") {
  TempFolder folder;
  CoverageFake store;
  FileRun run(ndjson_sink(), {{"path", value(folder / "rejected.ndjson")}}, "a int64", store,
              folder / "");
  run.start();
  run.put(hour(0), "");
  run.close();
  CHECK(content(folder / "rejected.ndjson").empty());
  CHECK(names_in(folder / "") == "rejected.ndjson");
}
