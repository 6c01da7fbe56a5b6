#include "nodes/formats/csv_writer.h"

#include "engine/data/builder.h"
#include "nodes/catalog.h"
#include "nodes/formats/line_builder.h"
#include "tests/nodes/files/harness.h"
#include "tests/support/catch.h"

using namespace flowrun;
using namespace flowrun::testing;
using namespace flowrun::nodes;

namespace {

std::string written(const BatchRef& batch, const CsvStyle& style = {}) {
  return std::string(text_of_lines(*CsvWriter(batch->schema_ref(), style).lines(*batch)));
}

std::string problems(BindFake::Given options, const std::string& fields = "ts timestamp, v string",
                     const std::string& window = "ts") {
  BindFake bind(csv_sink(), options, {schema_of(fields)});
  bind.window = window;
  (void)bind.bind();
  return bind.problems();
}

}  // namespace

TEST_CASE("every type has its canonical text") {
  const auto batch = batch_of(
      "b bool, i int64, f float64, d decimal(38,3), s string, t date, n timestamp, z timestamptz, "
      "y bytes",
      "true,-9223372036854775808,0.1,-0.005,text,2024-02-29,2024-02-29T01:02:03.5,1969-12-31T23:59:"
      "59.999999Z,00ff\n"
      "false,0,1e+300,12345678901234567890123456789012345.678,x,0001-01-01,2024-02-29T01:02:03.5,"
      "2024-02-29T00:00:00Z,\n"
      ",,,,,,,,\n"
      "true,9223372036854775807,nan,0.500,x,9999-12-31,2024-02-29T23:59:59,2024-02-29T00:00:01.25Z,"
      "ab\n"
      "true,5,-85.8512,-12.345,x,9999-12-31,1600-01-01T00:00:00,2024-02-29T00:00:01Z,ab");
  CHECK(written(batch) ==
        "true,-9223372036854775808,0.1,-0.005,text,2024-02-29,2024-02-29T01:02:03.5,1969-12-31T23:"
        "59:59.999999Z,00ff\n"
        "false,0,1e+300,12345678901234567890123456789012345.678,x,0001-01-01,2024-02-29T01:02:03.5,"
        "2024-02-29T00:00:00Z,\n"
        ",,,,,,,,\n"
        "true,9223372036854775807,nan,0.500,x,9999-12-31,2024-02-29T23:59:59,2024-02-29T00:00:01."
        "25Z,ab\n"
        "true,5,-85.8512,-12.345,x,9999-12-31,1600-01-01T00:00:00,2024-02-29T00:00:01Z,ab\n");
}

TEST_CASE("null and the empty text differ, and so do null's text and the same text") {
  const auto batch = batch_of("s string, i int64", "\"\",1\n,\nNA,2\n\"a \",3");
  CHECK(written(batch) == "\"\",1\n,\nNA,2\n\"a \",3\n");
  CHECK(written(batch, {.nulls = "NA"}) == "\"\",1\nNA,NA\n\"NA\",2\n\"a \",3\n");
  CHECK(written(batch, {.nulls = "1"}) ==
        "\"\",\"1\"\n1,1\nNA,2\n\"a \",3\n");  // a number that looks like null
}

TEST_CASE("quoting of texts only and of everything leaves null unquoted") {
  const auto batch = batch_of("s string, i int64, t date", "a,1,2024-02-29\n,,");
  CHECK(written(batch, {.quoting = CsvQuoting::text}) == "\"a\",1,2024-02-29\n,,\n");
  CHECK(written(batch, {.quoting = CsvQuoting::all}) == "\"a\",\"1\",\"2024-02-29\"\n,,\n");
}

TEST_CASE("marks that occur in numbers and times make them quoted") {
  const auto batch = batch_of("f float64, z timestamptz", "-1.5,2024-02-29T00:00:00Z\n2,");
  CHECK(written(batch, {.dialect = {.delimiter = '.'}}) == "\"-1.5\".2024-02-29T00:00:00Z\n2.\n");
  CHECK(written(batch, {.dialect = {.delimiter = ':'}}) == "-1.5:\"2024-02-29T00:00:00Z\"\n2:\n");
  CHECK(written(batch, {.dialect = {.quote = '-', .escape = '-'}}) ==
        "---1.5-,-2024--02--29T00:00:00Z-\n2,\n");
}

TEST_CASE("dictionary columns are written like plain ones, sliced and taken too") {
  const auto plain =
      batch_of("s string, i int64", "red,1\n\"a,b\",2\n,3\n\"\",4\n\"q\"\"q\",5\nred,6");
  const auto coded = with_dictionary(*plain, "s", 4);
  CHECK(written(coded) == written(plain));
  CHECK(written(slice(*coded, 1, 4)) == written(slice(*plain, 1, 4)));
  CHECK(written(slice(*coded, 1, 1)) ==
        "\"a,b\",2\n");  // fewer rows than entries: no table is made
  const std::vector<std::uint32_t> rows{5, 2, 1};
  CHECK(written(take(*coded, rows)) == "red,6\n,3\n\"a,b\",2\n");
}

TEST_CASE("rows far longer than the first guess fit") {
  std::string text;
  for (int i = 0; i < 50; ++i)
    text += std::string(static_cast<std::size_t>(i * 997), '"') + "," + std::to_string(i) + "\n";
  BatchBuilder builder(schema_of("s string, i int64"));
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    const std::string quotes(static_cast<std::size_t>(i * 997), '"');
    builder.column(0).append_text(quotes);
    builder.column(1).append_int64(i);
    builder.end_row(0);
    expected += "\"" + quotes + quotes + "\"," + std::to_string(i) + "\n";
  }
  CHECK(written(builder.finish()) == expected);
}

TEST_CASE(
    "a text that begins with a byte order mark is quoted, so that no reader takes it for one") {
  CHECK(written(batch_of("s string, i int64", "\xEF\xBB\xBFx,1\nx\xEF\xBB\xBF,2")) ==
        "\"\xEF\xBB\xBFx\",1\nx\xEF\xBB\xBF,2\n");
}

TEST_CASE("the header is quoted where it has to be, or left out") {
  const auto schema = make_schema({{"a", kInt64}, {"b,c", kInt64}, {" d", kInt64}, {"", kInt64}});
  CHECK(CsvWriter(schema, {}).header() == "a,\"b,c\",\" d\",\"\"\n");
  TempFolder folder;
  CoverageFake store;
  FileRun run(
      csv_sink(),
      {{"path", value(folder / "x.csv")}, {"header", value(false)}, {"line_end", value("crlf")}},
      "a int64, b string", store, folder / "");
  run.start();
  run.put(hour(0), "1,x\n2,");
  run.close();
  CHECK(content(folder / "x.csv") == "1,x\r\n2,\r\n");
}

TEST_CASE("a batch without rows has no lines") {
  const auto batch = batch_of("a int64", "");
  const auto lines = CsvWriter(batch->schema_ref(), {}).lines(*batch);
  CHECK(lines->rows() == 0);
  CHECK(text_of_lines(*lines).empty());
}

TEST_CASE("lines carry their rows' ordinals") {
  const auto batch = batch_of("a int64", "1\n2\n3", 40);
  const auto lines = CsvWriter(batch->schema_ref(), {}).lines(*slice(*batch, 1, 2));
  CHECK(lines->ordinal(0) == 41);
  CHECK(lines->column(0).text(1) == "3\n");
  CHECK(text_of_lines(*slice(*lines, 1, 1)) == "3\n");
}

TEST_CASE("options of the csv sink are checked") {
  CHECK(problems({{"path", value("x.csv")}}).empty());
  CHECK(problems({{"path", value("x.csv")}, {"delimiter", value("::")}}) ==
        "error option-value: \"delimiter\" must be one ASCII character, and not a line end\n");
  CHECK(problems({{"path", value("x.csv")}, {"delimiter", value("\"")}}) ==
        "error option-value: \"quote\" and \"delimiter\" are the same character\n"
        "error option-value: \"escape\" and \"delimiter\" are the same character\n");
  CHECK(problems({{"path", value("x.csv")}, {"nulls", value("N,A")}}) ==
        "error option-value: \"nulls\" is never quoted, so it cannot hold the delimiter, the quote "
        "or a line end\n");
  CHECK(problems({{"path", value("x.csv")}}, "v string") ==
        "warning blank-lines: a null is a blank line where there is one column, and readers skip "
        "those; set nulls = \"NA\" or the like\n");
  CHECK(problems({{"path", value("x.csv")}, {"nulls", value("NA")}}, "v string").empty());
}

TEST_CASE("the path of a file sink is checked") {
  CHECK(problems({{"path", value("w-${window}.csv")}}).empty());
  CHECK(problems({{"path", value("w-${window}.csv")}}, "ts timestamp, v string", "") ==
        "error no-window: the path names ${window}, but there are no windows; add a [window] "
        "table, or take ${window} out of the path\n");
  CHECK(problems({{"path", value("${window}/w.csv")}}) ==
        "error bad-path: ${window} must be part of the file's name, not of a folder's\n");
  CHECK(problems({{"path", value("out/")}}) == "error bad-path: path names no file: \"out/\"\n");
}

TEST_CASE("facts for the planner: target, idempotence, coverage") {
  const auto facts = [](const char* path) {
    BindFake bind(csv_sink(), {{"path", value(path)}}, {schema_of("ts timestamp, v string")});
    bind.window = "ts";
    return bind.bind().sink;
  };
  CHECK(facts("out/x.csv").target == "/pipeline/out/x.csv");
  CHECK(facts("out/x.csv").idempotent);
  CHECK(facts("out/x.csv").keeps_coverage);
  CHECK(facts("out/x.csv").replaces_by_unit);
  CHECK_FALSE(facts("out/x.csv").file_per_unit);
  CHECK(facts("out/x-${window}.csv").file_per_unit);
  CHECK(facts("-").target == "stdout");
  CHECK_FALSE(facts("-").keeps_coverage);
}
