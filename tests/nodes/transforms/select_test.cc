#include "nodes/catalog.h"
#include "tests/support/catch.h"
#include "tests/support/run_node.h"

using namespace flowrun;
using namespace flowrun::testing;

namespace {

const char* const kFields = "id int64, name string, price float64, seen timestamp";

BatchRef rows() {
  return batch_of(kFields, R"(
      1,a,1.5,2024-01-01T00:00:00
      2,"",,2024-01-02T10:00:00
      ,b,2,
  )",
                  10);
}

BindFake select_with(const BindFake::Given& options) {
  return {nodes::select(), options, {schema_of(kFields)}};
}

std::string problems_of(const BindFake::Given& options) {
  auto context = select_with(options);
  context.files["r.csv"] = "column,output\nprice,a\nweight,a\nheight,b\n";
  (void)context.bind();
  return context.problems();
}

std::string schema_text(BindFake& context) {
  return to_string(*context.bind().outputs.at(0).schema);
}

}  // namespace

TEST_CASE("without options all columns pass unchanged") {
  auto context = select_with({});
  const auto out = transformed(context, {rows(), batch_of(kFields, "")});
  CHECK(out.csv() == csv_of(*rows()));
  CHECK(ordinals_of(out.ports[0]) == "10 11 12");
}

TEST_CASE("keep names the columns and their order, drop takes some away") {
  auto kept = select_with({{"keep", list({"price", "id"})}});
  CHECK(transformed(kept, {rows()}).csv() == "1.5,1\n,2\n2,\n");
  auto dropped = select_with({{"drop", list({"name", "seen"})}});
  CHECK(schema_text(dropped) == "id int64, price float64");
  auto both = select_with({{"keep", list({"price", "id", "name"})}, {"drop", value("id")}});
  CHECK(schema_text(both) == "price float64, name string");
}

TEST_CASE("columns by routes come behind the kept ones, and the plan says how many there are") {
  auto context =
      select_with({{"keep", list({"id"})},
                   {"columns", table({{"routes", value("r.csv")}, {"output", value("engine")}})}});
  context.files["r.csv"] = "column,output\nweight,engine\nprice,engine\nid,engine\nheight,hull\n";
  const auto binding = context.bind();
  CHECK(context.problems().empty());
  CHECK(to_string(*binding.outputs[0].schema) == "id int64, price float64");
  CHECK(binding.notes ==
        std::vector<std::string>{"engine: 2/3 columns of its list are in the input (66.7 %)",
                                 "2 columns of the input are in no list of r.csv: name, seen"});
  CHECK(binding.content_hash.size() == 32);
}

TEST_CASE("rows that have nothing of the routed columns are left out where asked for") {
  const auto columns = table({{"routes", value("r.csv")}, {"output", value("engine")}});
  auto context =
      select_with({{"keep", list({"id"})}, {"columns", columns}, {"drop_empty", value(true)}});
  context.files["r.csv"] = "column,output\nname,engine\nprice,engine\nheight,hull\n";
  const auto batch = batch_of(kFields, "1,a,1.5,\n2,,,2026-01-01T00:00:00\n3,,2,\n4,b,,", 7);
  const auto out = transformed(context, {batch, batch_of(kFields, "5,,,\n")});
  CHECK(out.csv() == "1,a,1.5\n3,,2\n4,b,\n");
  CHECK(ordinals_of(out.ports[0]) == "7 9 10");
  auto alone = select_with({{"drop_empty", value(true)}});
  static_cast<void>(alone.bind());
  CHECK(alone.problems().find("option-without-effect") != std::string::npos);
}

TEST_CASE("a rename is written new = \"old\" and leaves the column in its place") {
  auto context =
      select_with({{"rename", table({{"title", value("name")}, {"name", value("id")}})}});
  CHECK(schema_text(context) == "name int64, title string, price float64, seen timestamp");
}

TEST_CASE("cast goes by the new name; what cannot be cast leaves as a reject") {
  auto context = select_with(
      {{"keep", list({"name", "price", "id"})},
       {"rename", table({{"cost", value("price")}})},
       {"cast",
        table({{"cost", value("int64")}, {"id", value("string")}, {"name", value("bool")}})}});
  const auto batch = batch_of(kFields, "1,true,2,\n2,yes,1.5,\n3,,1.5,\n4,,,\n5,f,-0.0,", 7);
  const auto out = transformed(context, {batch});
  CHECK(to_string(out.ports[0][0]->schema()) == "name bool, cost int64, id string");
  CHECK(out.csv() == "true,2,1\n,,4\nfalse,0,5\n");
  CHECK(ordinals_of(out.ports[0]) == "7 10 11");
  CHECK(out.rejected() == "name: not a bool: yes\nprice: not an int64: 1.5\n");
  CHECK(out.rejects[0].record == R"({"id":2,"name":"yes","price":1.5,"seen":null})");
  CHECK(out.rejects[1].ordinal == 9);
}

TEST_CASE("where every row is rejected nothing is emitted") {
  auto context = select_with({{"cast", table({{"name", value("date")}})}});
  const auto out = transformed(context, {batch_of(kFields, "1,x,,\n2,y,,")});
  CHECK(out.emitted_rows() == 0);
  CHECK(out.rejects.size() == 2);
}

TEST_CASE("a dictionary column stays one, and is cast by its texts") {
  const auto encoded = with_dictionary(*rows(), "name", 4);
  auto same = select_with({{"keep", list({"name"})}});
  const auto kept = transformed(same, {encoded});
  CHECK(kept.ports[0][0]->column(0).dictionary_id() == 4);
  auto cast =
      select_with({{"keep", list({"name", "id"})}, {"cast", table({{"name", value("int64")}})}});
  const auto out =
      transformed(cast, {with_dictionary(*batch_of(kFields, "1,7,,\n2,x,,\n3,7,,"), "name", 4)});
  CHECK(out.csv() == "7,1\n7,3\n");
  CHECK(out.rejected() == "name: not an int64: x\n");
}

TEST_CASE("which columns pass unchanged is known, and cast ones do not") {
  auto context = select_with({{"keep", list({"price", "id"})},
                              {"rename", table({{"key", value("id")}})},
                              {"cast", table({{"price", value("string")}})}});
  const auto port = context.bind().outputs.at(0);
  CHECK(port.unchanged_from ==
        std::vector<std::optional<std::size_t>>{std::nullopt, std::size_t{0}});
}

TEST_CASE("what is wrong with a select is said") {
  CHECK(problems_of({{"drop", list({"id", "name", "price", "seen"})}}) ==
        "error no-columns: no column is left\n");
  CHECK(
      problems_of({{"keep", list({"id"})}, {"drop", list({"name"})}}) ==
      "error useless-drop: column \"name\" is not among the kept ones; take it out of \"drop\"\n");
  CHECK(problems_of({{"rename", table({{"x", value("nam")}})}}) ==
        "error unknown-column: no column \"nam\" to rename; did you mean \"name\"?\n");
  CHECK(problems_of({{"rename", table({{"name", value("title")}})}}) ==
        "error unknown-column: no column \"title\" to rename; a rename is written new = \"old\"\n");
  CHECK(problems_of({{"rename", table({{"name", value("id")}})}}) ==
        "error duplicate-column: two columns are called \"name\"; drop one of them, or give it "
        "another name\n");
  CHECK(problems_of({{"cast", table({{"prize", value("int64")}})}}) ==
        "error unknown-column: no column \"prize\" to cast; did you mean \"price\"?\n");
  CHECK(problems_of({{"cast", table({{"seen", value("int64")}})}}) ==
        "error impossible-cast: column \"seen\" cannot be cast from timestamp to int64; cast it to "
        "string first, in "
        "another select\n");
  CHECK(problems_of({{"columns", table({{"routes", value("r.csv")}, {"output", value("b")}})},
                     {"keep", value("id")}}) ==
        "warning no-columns: the input has none of the 1 columns that r.csv sends to \"b\"\n");
  CHECK(problems_of({{"columns", table({{"routes", value("r.csv")}, {"output", value("b")}})}}) ==
        "warning no-columns: the input has none of the 1 columns that r.csv sends to \"b\"\n"
        "error no-columns: no column is left\n");
}
