#include "engine/data/builder.h"
#include "nodes/catalog.h"
#include "tests/support/catch.h"
#include "tests/support/run_node.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

const char* const kFields = "ship string, t int64, rpm float64, temp float64, note string";

BatchRef rows() {
  return batch_of(kFields, R"(
      a,1,1.5,20,x
      a,2,,21.25,
      b,1,,,y
      ,3,-0.5,,""
  )",
                  40);
}

BindFake unpivot_with(BindFake::Given options, const char* fields = kFields) {
  return {nodes::unpivot(), options, {schema_of(fields)}};
}

BindFake::Given usual() {
  return {{"index", list({"ship", "t"})}, {"columns", list({"rpm", "temp"})}};
}

std::string problems_of(BindFake::Given options, const char* fields = kFields) {
  auto context = unpivot_with(std::move(options), fields);
  context.files["r.csv"] = "column,output\ntemp,engine\nweight,engine\nrpm,engine\nweight2,hull\n";
  (void)context.bind();
  return context.problems();
}

}  // namespace

TEST_CASE("each value becomes a row of index, name and value") {
  auto context = unpivot_with(usual());
  CHECK(to_string(*context.bind().outputs.at(0).schema) ==
        "ship string, t int64, name string, value float64");
  const auto out = transformed(context, {rows()});
  CHECK(out.csv() == "a,1,rpm,1.5\na,1,temp,20\na,2,temp,21.25\n,3,rpm,-0.5\n");
  CHECK(ordinals_of(out.ports[0]) == "40 40 41 43");
  CHECK(out.absorbed_rows() == 3);
  CHECK(out.filtered_rows() == 1);
  CHECK(out.made_rows() == 4);
  CHECK(out.rejects.empty());
}

TEST_CASE("with nulls kept every column makes a row") {
  auto options = usual();
  options.emplace_back("nulls", value("keep"));
  options.emplace_back("name", value("channel"));
  options.emplace_back("value", value("reading"));
  auto context = unpivot_with(options);
  CHECK(to_string(*context.bind().outputs.at(0).schema) ==
        "ship string, t int64, channel string, reading float64");
  const auto out = transformed(context, {rows(), batch_of(kFields, "")});
  CHECK(out.csv() ==
        "a,1,rpm,1.5\na,1,temp,20\na,2,rpm,\na,2,temp,21.25\nb,1,rpm,\nb,1,temp,\n,3,rpm,-0.5\n,3,"
        "temp,\n");
  CHECK(out.filtered_rows() == 0);
  CHECK(out.absorbed_rows() == 4);
  CHECK(out.made_rows() == 8);
}

TEST_CASE("without columns all but the index are turned, in the order of the input") {
  const char* const fields = "b int64, k string, a int64";
  auto context = unpivot_with({{"index", value("k")}}, fields);
  CHECK(transformed(context, {batch_of(fields, "1,x,2\n3,y,")}).csv() == "x,b,1\nx,a,2\ny,b,3\n");
}

TEST_CASE("columns of a routes file are turned where the input has them") {
  auto context =
      unpivot_with({{"index", list({"t"})},
                    {"columns", table({{"routes", value("r.csv")}, {"output", value("engine")}})}});
  context.files["r.csv"] = "column,output\ntemp,engine\nweight,engine\nrpm,engine\nwidth,hull\n";
  const auto binding = context.bind();
  CHECK(context.problems().empty());
  CHECK(binding.content_hash.size() == 32);
  CHECK(binding.notes ==
        std::vector<std::string>{"2 of the 3 columns of \"engine\" are in the input"});
  CHECK(transformed(context, {rows()}).csv() == "1,temp,20\n1,rpm,1.5\n2,temp,21.25\n3,rpm,-0.5\n");
}

TEST_CASE("columns of several types are cast; a row with a value that cannot be is a reject") {
  const char* const fields = "k int64, a int64, b string, c decimal(6,2)";
  auto context =
      unpivot_with({{"index", value("k")}, {"value_type", value("decimal(8,2)")}}, fields);
  const auto batch = batch_of(fields, "1,7,2.50,-1.25\n2,8,much,3\n3,,x,4\n4,9,,5", 10);
  for (const bool as_dictionary : {false, true}) {
    const auto out =
        transformed(context, {as_dictionary ? with_dictionary(*batch, "b", 9) : batch});
    CHECK(out.csv() == "1,a,7.00\n1,b,2.50\n1,c,-1.25\n4,a,9.00\n4,c,5.00\n");
    CHECK(out.rejected() == "b: not a decimal(8,2): much\nb: not a decimal(8,2): x\n");
    CHECK(out.rejects[0].ordinal == 11);
    CHECK(out.rejects[0].record == R"({"k":2,"a":8,"b":"much","c":3.00})");
    CHECK(out.absorbed_rows() == 2);
  }
}

TEST_CASE("a row with several bad values is one reject, for the first of its columns") {
  const char* const fields = "k int64, a string, b string";
  auto context = unpivot_with({{"index", value("k")}, {"value_type", value("int64")}}, fields);
  const auto out = transformed(context, {batch_of(fields, "1,x,y\n2,1,y\n3,1,2")});
  CHECK(out.csv() == "3,a,1\n3,b,2\n");
  CHECK(out.rejected() == "a: not an int64: x\nb: not an int64: y\n");
}

TEST_CASE("values of every type are turned") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"bool", "true,false"},
      {"int64", "-1,9223372036854775807"},
      {"float64", "1.5,nan"},
      {"decimal(38,2)", "1.50,-12345678901234567890123456789012.25"},
      {"string", "x,\"\""},
      {"date", "2024-02-29,1969-12-31"},
      {"timestamp", "2024-01-01T00:00:00,2024-01-01T00:00:00.5"},
      {"timestamptz", "2024-01-01T00:00:00Z,1960-01-01T00:00:00Z"},
      {"bytes", "00ff,ab"}};
  for (const auto& [type, text] : cases) {
    INFO(type);
    const auto fields = "k int64, a " + type + ", b " + type;
    auto context = unpivot_with({{"index", value("k")}, {"nulls", value("keep")}}, fields.c_str());
    const auto batch = batch_of(fields, "1," + text + "\n2,,");
    const auto comma = text.find(',');
    // Written and read once more, since a value has more than one text.
    const auto narrow = "k int64, name string, value " + type;
    const auto expected =
        "1,a," + text.substr(0, comma) + "\n1,b," + text.substr(comma + 1) + "\n2,a,\n2,b,\n";
    CHECK(transformed(context, {batch}).csv() == csv_of(*batch_of(narrow, expected)));
  }
}

TEST_CASE("slices are read from where they start") {
  auto context = unpivot_with(usual());
  const auto out = transformed(context, {slice(*rows(), 1, 3)});
  CHECK(out.csv() == "a,2,temp,21.25\n,3,rpm,-0.5\n");
  CHECK(ordinals_of(out.ports[0]) == "41 43");
}

TEST_CASE("many rows leave in batches that never cut a row") {
  constexpr std::int64_t kColumns = 100;
  constexpr std::int64_t kRows = 1000;
  std::vector<Field> fields{{"k", kInt64}};
  for (std::int64_t i = 0; i < kColumns; ++i) fields.push_back({"c" + std::to_string(i), kInt64});
  BatchBuilder builder(make_schema(fields));
  for (std::int64_t row = 0; row < kRows; ++row) {
    for (std::int64_t i = 0; i <= kColumns; ++i) {
      builder.column(static_cast<std::size_t>(i)).append_int64(row * 1000 + i);
    }
    builder.end_row(static_cast<std::uint64_t>(row));
  }
  BindFake context(nodes::unpivot(), {{"index", value("k")}}, {builder.schema()});
  const auto out = transformed(context, {builder.finish()});
  CHECK(out.made_rows() == kRows * kColumns);
  CHECK(out.ports[0].size() > 5);
  std::int64_t next = 0;
  for (const auto& batch : out.ports[0]) {
    CHECK(batch->rows() <= kMaxBatchRows);
    CHECK(batch->rows() % kColumns == 0);
    for (std::int64_t row = 0; row < batch->rows(); ++row, ++next) {
      const auto from = next / kColumns;
      const auto column = next % kColumns + 1;
      REQUIRE(batch->ordinal(row) == static_cast<std::uint64_t>(from));
      REQUIRE(batch->column(0).values<std::int64_t>()[static_cast<std::size_t>(row)] ==
              from * 1000);
      REQUIRE(batch->column(1).text(row) == "c" + std::to_string(column - 1));
      REQUIRE(batch->column(2).values<std::int64_t>()[static_cast<std::size_t>(row)] ==
              from * 1000 + column);
    }
  }
  CHECK(next == kRows * kColumns);
}

TEST_CASE("index columns are known to pass unchanged, name and value are not") {
  auto context = unpivot_with({{"index", list({"t", "ship"})}, {"columns", list({"rpm"})}});
  CHECK(context.bind().outputs.at(0).unchanged_from ==
        std::vector<std::optional<std::size_t>>{1, 0, std::nullopt, std::nullopt});
}

TEST_CASE("what is wrong with an unpivot is said") {
  CHECK(problems_of({{"index", list({"ship", "t"})}}) ==
        "error wrong-type: column \"rpm\" is float64, column \"note\" is string; say what they "
        "become: value_type = \"float64\"\n");
  CHECK(problems_of({{"index", list({"t", "t"})}, {"columns", list({"rpm"})}}) ==
        "error duplicate-column: column \"t\" stands twice\n");
  CHECK(problems_of({{"index", list({"t"})}, {"columns", list({"rpm", "t", "rpm"})}}) ==
        "error duplicate-column: column \"t\" is in the index, too\nerror duplicate-column: column "
        "\"rpm\" stands twice\n");
  CHECK(problems_of({{"index", list({"t"})}, {"columns", list({"rpn"})}}) ==
        "error unknown-column: the input has no column \"rpn\"; did you mean \"rpm\"?\n");
  CHECK(problems_of({{"index", list({"t"})}, {"columns", list_of({value(1)})}}) ==
        "error wrong-type: a column's name is a string\n");
  CHECK(problems_of({{"index", list({"t"})}, {"columns", list({})}}) ==
        "error no-columns: there is no column to turn into rows\n");
  CHECK(problems_of({{"index", list({"ship", "t", "rpm", "temp", "note"})}}) ==
        "error no-columns: there is no column to turn into rows\n");
  CHECK(
      problems_of({{"index", list({"t"})},
                   {"columns", table({{"routes", value("r.csv")}, {"output", value("hull")}})}}) ==
      "error no-columns: there is no column to turn into rows\n");
  CHECK(problems_of({{"index", list({"t"})}, {"columns", list({"rpm"})}, {"name", value("t")}}) ==
        "error duplicate-column: there is a column \"t\" already; give it another name by "
        "\"name\"\n");
  CHECK(
      problems_of({{"index", list({"t"})}, {"columns", list({"rpm"})}, {"value", value("name")}}) ==
      "error duplicate-column: there is a column \"name\" already; give it another name by "
      "\"value\"\n");
  CHECK(problems_of({{"index", list({"t"})}, {"columns", list({"rpm"})}, {"name", value("")}}) ==
        "error option-value: \"name\" is empty\n");
  CHECK(problems_of(
            {{"index", list({"t"})}, {"columns", list({"rpm"})}, {"value_type", value("flot")}})
            .starts_with("error unknown-type: there is no type \"flot\"; types: "));
  CHECK(problems_of(
            {{"index", list({"t"})}, {"columns", list({"rpm"})}, {"value_type", value("date")}}) ==
        "error impossible-cast: column \"rpm\" cannot be cast from float64 to date\n");
}
