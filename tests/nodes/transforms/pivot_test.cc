#include "nodes/catalog.h"
#include "tests/support/catch.h"
#include "tests/support/run_node.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

const char* const kFields = "ts int64, dev string, name string, value float64";

BindFake pivot_of(const SchemaRef& schema,
                  std::vector<std::pair<std::string, OptionValue>> more = {}) {
  std::vector<std::pair<std::string, OptionValue>> options{{"index", list({"ts", "dev"})},
                                                           {"name", value("name")},
                                                           {"value", value("value")},
                                                           {"columns", list({"a", "b", "c"})}};
  for (auto& option : more) {
    std::erase_if(options, [&](const auto& known) { return known.first == option.first; });
    options.push_back(std::move(option));
  }
  return {nodes::pivot(), options, {schema}};
}

std::string problems_of(std::vector<std::pair<std::string, OptionValue>> more) {
  auto context = pivot_of(schema_of(kFields), std::move(more));
  context.files["r.csv"] = "channel,output\na,x\nb,y\n";
  (void)context.bind();
  return context.problems();
}

/// One value of each type as a pivot's values.
std::string pivoted(const std::string& type, const std::string& first, const std::string& second) {
  const auto batch = batch_of("k int64, name string, value " + type,
                              "1,a," + first + "\n1,b," + second + "\n2,b," + first + "\n3,a,\n");
  BindFake context(nodes::pivot(),
                   {{"index", value("k")},
                    {"name", value("name")},
                    {"value", value("value")},
                    {"columns", list({"a", "b"})}},
                   {batch->schema_ref()});
  const auto out = accumulated(context, cut(batch, 2));
  CHECK(to_string(out.ports[0][0]->schema()) == "k int64, a " + type + ", b " + type);
  return out.csv();
}

}  // namespace

TEST_CASE("each key becomes a row, each name a column, in order of first appearance") {
  const auto batch = batch_of(kFields, R"(
      2,x,b,1.5
      2,x,a,2
      1,x,a,3
      2,y,c,4
      1,x,c,5
  )",
                              100);
  for (const std::int64_t size : {1, 2, 4096}) {
    auto context = pivot_of(batch->schema_ref());
    const auto out = accumulated(context, cut(batch, size));
    CHECK(out.csv() == "2,x,2,1.5,\n1,x,3,,5\n2,y,,,4\n");
    CHECK(ordinals_of(out.ports[0]) == "100 102 103");
    CHECK(out.absorbed_rows() == 5);
    CHECK(out.made_rows() == 3);
    CHECK(to_string(out.ports[0][0]->schema()) ==
          "ts int64, dev string, a float64, b float64, c float64");
  }
}

TEST_CASE("values of every type keep their type") {
  CHECK(pivoted("bool", "true", "false") == "1,true,false\n2,,true\n3,,\n");
  CHECK(pivoted("int64", "-1", "9223372036854775807") == "1,-1,9223372036854775807\n2,,-1\n3,,\n");
  CHECK(pivoted("float64", "nan", "-0.5") == "1,nan,-0.5\n2,,nan\n3,,\n");
  CHECK(pivoted("decimal(38,2)", "1.50", "-999999999999999999999999999999999999.99") ==
        "1,1.50,-999999999999999999999999999999999999.99\n2,,1.50\n3,,\n");
  CHECK(pivoted("string", "\"\"", "some text") == "1,\"\",some text\n2,,\"\"\n3,,\n");
  CHECK(pivoted("bytes", "00ff", "ab") == "1,00ff,ab\n2,,00ff\n3,,\n");
  CHECK(pivoted("date", "1969-12-31", "2024-02-29") ==
        "1,1969-12-31,2024-02-29\n2,,1969-12-31\n3,,\n");
  CHECK(pivoted("timestamp", "1969-12-31T23:59:59", "2024-01-01T00:00:00.5") ==
        "1,1969-12-31T23:59:59,2024-01-01T00:00:00.5\n2,,1969-12-31T23:59:59\n3,,\n");
  CHECK(pivoted("timestamptz", "2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z") ==
        "1,2024-01-01T00:00:00Z,2024-01-01T00:00:01Z\n2,,2024-01-01T00:00:00Z\n3,,\n");
}

TEST_CASE("null is a key, a null value makes its row only, and no value wins over null") {
  const auto batch = batch_of(kFields, ",x,a,1\n,,b,2\n,x,b,3\n1,x,a,\n,,b,\n1,y,c,");
  auto context = pivot_of(batch->schema_ref());
  CHECK(accumulated(context, {batch}).csv() == ",x,1,3,\n,,,2,\n1,x,,,\n1,y,,,\n");
}

TEST_CASE("rows without a name or with an unknown one are rejects, and make no row") {
  const auto batch = batch_of(kFields, "1,x,a,1\n2,x,,2\n3,x,d,3\n1,x,b,4\n4,x,A,5", 7);
  for (const bool as_dictionary : {false, true}) {
    auto context = pivot_of(batch->schema_ref());
    const auto out =
        accumulated(context, {as_dictionary ? with_dictionary(*batch, "name", 2) : batch});
    CHECK(out.csv() == "1,x,1,4,\n");
    CHECK(out.rejected() ==
          "name: the name is null: \nname: unknown name: d\nname: unknown name: A\n");
    CHECK(out.rejects[1].record == R"({"ts":3,"dev":"x","name":"d","value":3})");
    CHECK(out.rejects[1].ordinal == 9);
    CHECK(out.absorbed_rows() == 2);
  }
}

TEST_CASE("a pivot of nothing is nothing") {
  auto context = pivot_of(schema_of(kFields));
  CHECK(accumulated(context, {}).emitted_rows() == 0);
  const auto out = accumulated(context, {batch_of(kFields, ""), batch_of(kFields, "1,x,?,1")});
  CHECK(out.emitted_rows() == 0);
  CHECK(out.rejects.size() == 1);
}

TEST_CASE(
    "dictionary-encoded keys leave dictionary-encoded, whatever ages and plain texts come in "
    "between") {
  const auto first = with_dictionary(*batch_of(kFields, "1,x,a,1\n1,y,a,2", 0), "dev", 3);
  const auto second = with_dictionary(*batch_of(kFields, "1,z,a,3\n1,y,b,4\n2,,a,5", 2), "dev", 3,
                                      first->column(1).dictionary());
  const auto other = with_dictionary(*batch_of(kFields, "1,z,b,6\n1,x,b,7", 5), "dev", 8);
  const auto plain = batch_of(kFields, "1,y,c,8\n1,w,c,9", 7);
  auto context = pivot_of(first->schema_ref());
  const auto out = accumulated(context, {first, second, other, plain});
  CHECK(out.csv() == "1,x,1,7,\n1,y,2,4,8\n1,z,3,6,\n2,,5,,\n1,w,,,9\n");
  CHECK(out.ports[0][0]->column(1).is_dictionary());
  CHECK(out.ports[0][0]->column(1).dictionary_id() != 0);
}

TEST_CASE("columns come from a routes file") {
  auto context =
      pivot_of(schema_of(kFields),
               {{"columns", table({{"routes", value("r.csv")}, {"output", value("engine")}})}});
  context.files["r.csv"] = "channel,output\nc,engine\nb,hull\na,engine\n";
  const auto binding = context.bind();
  CHECK(to_string(*binding.outputs[0].schema) == "ts int64, dev string, c float64, a float64");
  CHECK(binding.notes == std::vector<std::string>{"2 columns: output \"engine\" of r.csv"});
  CHECK(binding.content_hash.size() == 32);
  CHECK(binding.outputs[0].unchanged_from ==
        std::vector<std::optional<std::size_t>>{std::size_t{0}, std::size_t{1}, std::nullopt,
                                                std::nullopt});
  CHECK(binding.outputs[0].sparse == std::vector<bool>{false, false, true, true});
}

TEST_CASE("without columns the names are found in the input, sorted, and frozen for later runs") {
  const auto batch = batch_of(kFields, "1,x,b,1\n1,x,a,2\n1,x,,3\n2,x,\"q\\\",4\n2,x,a,5");
  const std::vector<std::pair<std::string, OptionValue>> options{
      {"index", list({"ts", "dev"})}, {"name", value("name")}, {"value", value("value")}};
  BindFake first(nodes::pivot(), options, {batch->schema_ref()});
  first.scanned = {with_dictionary(*batch, "name", 1), batch};
  const auto out = accumulated(first, {batch});
  CHECK(first.scans() == 1);
  CHECK(to_string(out.ports[0][0]->schema()) ==
        "ts int64, dev string, a float64, b float64, q\\ float64");
  CHECK(out.csv() == "1,x,2,1,\n2,x,5,,4\n");
  REQUIRE(first.freezes().size() == 1);
  CHECK(first.freezes().at("pivot.node.columns") == "a\nb\nq\\\\\n");

  BindFake later(nodes::pivot(), options, {batch->schema_ref()});
  later.frozen_values = first.freezes();
  const auto more = accumulated(later, {batch_of(kFields, "1,x,c,1\n1,x,q\\,2")});
  CHECK(later.scans() == 0);
  CHECK(more.csv() == "1,x,,,2\n");
  CHECK(more.rejected() == "name: not among the columns that the first run found: c\n");
  CHECK(later.bind().notes == std::vector<std::string>{"3 columns, as the first run found them"});
  CHECK(later.bind().content_hash == first.bind().content_hash);
}

TEST_CASE("where no columns can be found it is said") {
  const std::vector<std::pair<std::string, OptionValue>> options{
      {"index", list({"ts", "dev"})}, {"name", value("name")}, {"value", value("value")}};
  BindFake empty(nodes::pivot(), options, {schema_of(kFields)});
  (void)empty.bind();
  CHECK(empty.problems() ==
        "error no-columns: the input has no row to find columns in; name them: columns = [\"…\"], "
        "or { routes = \"…\", "
        "output = \"…\" }\n");
  CHECK(empty.freezes().empty());
  BindFake blind(nodes::pivot(), options, {schema_of(kFields)});
  blind.can_scan = false;
  (void)blind.bind();
  CHECK(blind.problems() == "error no-scan: cannot look at the input here\n");
}

TEST_CASE("columns can be given types of their own; what is no such value is a reject") {
  const auto batch = batch_of(
      "k int64, name string, value string",
      "1,t,21.5\n1,n,7\n1,s,PASS\n2,t,warm\n2,n,7.5\n2,s,7\n3,n,\n3,d,2024-01-01\n3,b,true");
  BindFake context(nodes::pivot(),
                   {{"index", value("k")},
                    {"name", value("name")},
                    {"value", value("value")},
                    {"columns", list({"t", "n", "s", "d", "b"})},
                    {"types", table({{"t", value("float64")},
                                     {"n", value("int64")},
                                     {"d", value("date")},
                                     {"b", value("bool")}})}},
                   {batch->schema_ref()});
  for (const bool as_dictionary : {false, true}) {
    const auto out =
        accumulated(context, {as_dictionary ? with_dictionary(*batch, "value", 2) : batch});
    CHECK(to_string(out.ports[0][0]->schema()) ==
          "k int64, t float64, n int64, s string, d date, b bool");
    CHECK(out.csv() == "1,21.5,7,PASS,,\n2,,,7,,\n3,,,,2024-01-01,true\n");
    CHECK(out.rejected() == "value: not a float64: warm\nvalue: not an int64: 7.5\n");
  }
}

TEST_CASE("columns are called as the template says") {
  auto context = pivot_of(schema_of(kFields), {{"column_template", value("ch_{name}_{name}")}});
  CHECK(to_string(*context.bind().outputs[0].schema) ==
        "ts int64, dev string, ch_a_a float64, ch_b_b float64, ch_c_c float64");
}

TEST_CASE("a name column that is no string goes by its text") {
  const auto batch = batch_of("k int64, name int64, value int64", "1,10,5\n1,20,6\n1,30,7");
  BindFake context(nodes::pivot(),
                   {{"index", value("k")},
                    {"name", value("name")},
                    {"value", value("value")},
                    {"columns", list({"20", "10"})}},
                   {batch->schema_ref()});
  const auto out = accumulated(context, {batch});
  CHECK(out.csv() == "1,6,5\n");
  CHECK(out.rejected() == "name: unknown name: 30\n");
}

TEST_CASE("only what goes by order needs an order") {
  for (const char* mode : {"last", "first", "error"}) {
    CHECK(pivot_of(schema_of(kFields), {{"on_duplicate", value(mode)}}).bind().needs_order);
  }
  for (const char* mode : {"min", "max", "sum", "mean"}) {
    CHECK_FALSE(pivot_of(schema_of(kFields), {{"on_duplicate", value(mode)}}).bind().needs_order);
  }
}

TEST_CASE("what is wrong with a pivot is said") {
  CHECK(problems_of({{"name", value("value")}}) ==
        "error duplicate-column: column \"value\" is also the name\n");
  CHECK(problems_of({{"index", list({"ts", "name", "value", "ts"})}}) ==
        "error duplicate-column: column \"name\" is also the name\n"
        "error duplicate-column: column \"value\" is also the value\n"
        "error duplicate-column: column \"ts\" is also in the index already\n");
  CHECK(problems_of({{"columns", list({})}}) ==
        "error no-columns: the list of columns is empty; leave \"columns\" out to find them in the "
        "input\n");
  CHECK(problems_of({{"columns", list_of({value("a"), value(1)})}}) ==
        "error wrong-type: a column's name is a string\n");
  CHECK(problems_of({{"columns", list({"a", "b", "a"})}}) ==
        "error duplicate-column: the name \"a\" stands twice\n");
  CHECK(problems_of({{"columns", list({"a", "dev"})}}) ==
        "error duplicate-column: column \"dev\" is in the index, too; tell them apart by "
        "\"column_template\"\n");
  CHECK(problems_of(
            {{"columns", table({{"routes", value("r.csv")}, {"output", value("zenith")}})}}) ==
        "error unknown-output: routes file r.csv has no output \"zenith\"; one of: x, y\n");
  CHECK(problems_of({{"column_template", value("ch")}}) ==
        "error bad-template: \"ch\" does not hold {name}; write for example \"ch_{name}\"\n");
  CHECK(problems_of({{"types", table({{"nothing", value("int64")}})}}) ==
        "error unknown-column: no column \"nothing\" is made; one of: a, b, c\n");
  CHECK(problems_of({{"types", table({{"a", value("date")}})}}) ==
        "error impossible-cast: values cannot be cast from float64 to date\n");
  CHECK(problems_of(
            {{"value", value("dev")}, {"index", value("ts")}, {"on_duplicate", value("sum")}}) ==
        "error wrong-type: column \"a\" is string, which has no sum; give it a number's type by "
        "\"types\"\n");
}
